// SPDX-License-Identifier: Apache-2.0
// Keys of one part: what the request as a whole is for.
#include "annotations/area.h"

namespace runx::annotations {
namespace {

using Request = AcceleratorRequest;

constexpr Field<Request> fields[] = {
    {"schema", [](Request&, const std::string& value) { return value == schema; },
     [](const Request&) { return FieldText(schema); }, "a schema that this version does not know",
     "write 1, or use a newer runx-accel"},
    list_field<&Request::board, is_compatible>(
        "board", "not a list of compatible strings",
        "write what the boards' device trees say, one space between two, like xlnx,zynqmp-zcu102"),
    {"target",
     [](Request& request, const std::string& value) {
       if (value != "domain" && value != "rpu") return false;
       request.target = value == "rpu" ? Target::rpu : Target::domain;
       return true;
     },
     [](const Request& request) { return request.target == Target::rpu ? FieldText("rpu") : FieldText(); },
     "not a target", "write domain or rpu"},
};

void read(Request& request, const Given& given, Complaints& complaints) {
  const auto* field = find_field(fields, given.parts.front());
  if (field == nullptr) return complaints.unknown(given);
  read_field(*field, request, given, complaints);
}

void require(Request& request, Complaints& complaints) {
  if (request.target != Target::rpu || request.processors.size() == 1) return;
  complaints.add(std::string(prefix) + "target", "rpu", "a container that is a firmware has exactly one rpu.NAME",
                 "ask for one processor");
}

}  // namespace

constinit const Area top_area{"", [](const Area&, std::vector<KeyPattern>& out) { list_fields(fields, "", "", out); },
                              read,
                              [](const Area&, const Request& request, Annotations& out) {
                                write_fields(fields, request, std::string(prefix), "", out);
                              },
                              require};

}  // namespace runx::annotations
