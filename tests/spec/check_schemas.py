#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the schemas of spec/ against all vectors of spec/vectors/, with a validator that is not ours.

usage: check_schemas.py SPEC_FOLDER

A vector that is fine must validate. One that is not must not, unless it says "schema": "cannot tell" and why in
"schemaReason"; such a one must validate, or the excuse is stale.
"""

import json
import pathlib
import re
import sys

import jsonschema


def text_of(value):
    """JSON as our readers take it: a key twice, NaN and a lone surrogate are errors."""

    def once(pairs):
        keys = [key for key, _ in pairs]
        if len(keys) != len(set(keys)):
            raise ValueError("a key stands twice")
        return dict(pairs)

    def no_constant(word):
        raise ValueError(word)

    return json.loads(value, object_pairs_hook=once, parse_constant=no_constant)


def merge(image, run_time):
    """spec/annotations.md, "Merging", without aliases: a device that is named at run time is not the image's."""
    named = tuple(
        key.rpartition(".")[0] + "."
        for key in run_time
        if re.fullmatch(r"io\.runx-accel\.device\.[a-z0-9-]+\.(path|alias|label|compatible)", key)
    )
    return {**{key: value for key, value in image.items() if not key.startswith(named)}, **run_time}


class Schemas:
    def __init__(self, spec):
        def load(name):
            schema = json.loads((spec / name).read_text(encoding="utf-8"))
            jsonschema.Draft202012Validator.check_schema(schema)
            return schema

        annotations = load("annotations.schema.json")
        self.file = jsonschema.Draft202012Validator(annotations)
        def part(name):
            return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": annotations["$defs"]})

        self.image = part("image")
        self.merged = part("annotations")
        self.board = jsonschema.Draft202012Validator(load("board.schema.json"))
        self.policy = jsonschema.Draft202012Validator(load("policy.schema.json"))

    def accept(self, name, vector):
        """Whether what the vector holds validates; text that is no JSON does not."""
        try:
            for kind in ("board", "policy"):
                if name.startswith(kind + "-"):
                    return getattr(self, kind).is_valid(text_of(vector["text"]))
            metadata = text_of(vector["metadata"]) if "metadata" in vector else {}
        except (ValueError, RecursionError):
            return False
        if not isinstance(metadata, dict) or "annotations" not in vector:
            return self.file.is_valid(metadata)
        return self.image.is_valid(metadata) and self.merged.is_valid(merge(metadata, vector["annotations"]))


def complaint(schemas, name, vector):
    good = "complaints" not in vector["expect"] and "error" not in vector["expect"]
    excused = vector.get("schema") == "cannot tell"
    if excused and not vector.get("schemaReason"):
        return "says \"cannot tell\" and not why"
    accepted = schemas.accept(name, vector)
    if good and excused:
        return "is valid, so there is nothing to tell"
    if accepted == (good or excused):
        return None
    if good:
        return "is valid, but the schema refuses it"
    if excused:
        return "is refused by the schema, so \"cannot tell\" is wrong"
    return "is invalid, but the schema accepts it"


def main():
    spec = pathlib.Path(sys.argv[1])
    schemas = Schemas(spec)
    vectors = sorted((spec / "vectors").glob("*.json"))
    failed = 0
    for path in vectors:
        why = complaint(schemas, path.stem, json.loads(path.read_text(encoding="utf-8")))
        if why:
            failed += 1
            print(f"{path.name} {why}")
    print(f"{len(vectors)} vectors, {failed} disagree with the schemas")
    return 1 if failed or len(vectors) < 120 else 0


if __name__ == "__main__":
    sys.exit(main())
