// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/tools/oci/accelkit.h"
#include "tests/tools/oci/layout_maker.h"

namespace runx {
namespace {

using fake::accelkit;
using fake::LayoutMaker;
using testing::HasSubstr;
using namespace tools::oci;

constexpr const char* two = "io.runx-accel.domain.vcpus=2";
constexpr const char* memory = "io.runx-accel.domain.memory=256MiB";

TEST(ImageAnnotate, SetsOnTopOfWhatIsThere) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image({maker.layer({{"a", "b"}})}))});
  ASSERT_TRUE(accelkit({"image", "annotate", maker.path(), "--set", two}).good);
  ASSERT_TRUE(accelkit({"image", "annotate", maker.path(), "--set", memory}).good);
  EXPECT_EQ(accelkit({"image", "show", maker.path()}).out,
            "io.runx-accel.domain.memory = 256MiB\nio.runx-accel.domain.vcpus = 2\nio.runx-accel.schema = 1\n");
  ASSERT_TRUE(accelkit({"image", "annotate", maker.path(), "--unset", "io.runx-accel.domain.vcpus"}).good);
  EXPECT_THAT(accelkit({"image", "show", maker.path()}).out, testing::Not(HasSubstr("vcpus")));
  EXPECT_TRUE(accelkit({"image", "lint", maker.path()}).good);
}

TEST(ImageAnnotate, AnOptionTakesOneValueWhereverItStands) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image({}))});
  EXPECT_TRUE(accelkit({"image", "annotate", "--set", two, maker.path(), "--set", memory}).good);
  EXPECT_THAT(accelkit({"image", "show", "--annotation", "io.runx-accel.domain.vcpus=4", maker.path()}).out,
              HasSubstr("vcpus = 4"));
}

TEST(ImageAnnotate, KnowsLabelsAndAFileOfAnothersMaking) {
  LayoutMaker labelled;
  labelled.publish({to_json(labelled.image({}, "arm64", {{"io.runx-accel.domain.vcpus", "3"}}))});
  ASSERT_TRUE(accelkit({"image", "annotate", labelled.path(), "--set", memory}).good);
  EXPECT_THAT(accelkit({"image", "show", labelled.path()}).out, HasSubstr("vcpus = 3"));
  LayoutMaker filed;
  filed.publish(
      {to_json(filed.image({filed.layer({{".runx-accel.json", R"({"io.runx-accel.domain.vcpus":"4","x":"y"})"}})}))});
  ASSERT_TRUE(accelkit({"image", "annotate", filed.path(), "--set", memory}).good);
  EXPECT_THAT(accelkit({"image", "show", filed.path()}).out, HasSubstr("vcpus = 4"));
}

TEST(ImageAnnotate, FromReplacesAll) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image({}))});
  const auto json = maker.path() + ".json";
  fake::write_file(json, R"({"io.runx-accel.domain.vcpus": "2"})");
  ASSERT_TRUE(accelkit({"image", "annotate", maker.path(), "--set", memory}).good);
  const auto first = accelkit({"image", "annotate", maker.path(), "--from", json});
  ASSERT_TRUE(first.good) << first.error;
  EXPECT_THAT(accelkit({"image", "show", maker.path()}).out, testing::Not(HasSubstr("memory")));
  EXPECT_EQ(accelkit({"image", "annotate", maker.path(), "--from", json}).out, first.out);
  std::remove(json.c_str());
}

TEST(ImageAnnotate, SaysEverythingThatIsWrongAndWritesNothing) {
  LayoutMaker maker;
  maker.publish({to_json(maker.image({}))});
  const auto before = maker.content();
  const auto said = accelkit({"image", "annotate", maker.path(), "--set", "io.runx-accel.domain.memry=1GiB", "--set",
                              "io.runx-accel.domain.vcpus=0"});
  EXPECT_THAT(said.error, HasSubstr("did you mean io.runx-accel.domain.memory?"));
  EXPECT_THAT(said.error, HasSubstr("not a number of virtual CPUs"));
  EXPECT_THAT(accelkit({"image", "annotate", maker.path()}).error,
              HasSubstr("usage: --from, --set or --unset is required"));
  EXPECT_THAT(accelkit({"image", "annotate", maker.path(), "--set", "novalue"}).error, HasSubstr("write KEY=VALUE"));
  const auto json = maker.path() + ".json";
  fake::write_file(json, R"({"a": 1, "a.b": []})");
  EXPECT_THAT(accelkit({"image", "annotate", maker.path(), "--from", json}).error, HasSubstr("is not a string"));
  std::string many = "{";
  for (int i = 0; i < 2000; ++i) many += (i == 0 ? "" : ",") + ("\"k" + std::to_string(i) + "\":\"\"");
  fake::write_file(json, many + "}");
  EXPECT_THAT(accelkit({"image", "annotate", maker.path(), "--from", json}).error, HasSubstr("2000 annotations"));
  std::remove(json.c_str());
  EXPECT_EQ(maker.content(), before);
}

TEST(ImageAnnotate, EveryPlatformOrOne) {
  LayoutMaker maker;
  const auto index = maker.index({LayoutMaker::with_platform(maker.image({}), "arm64"),
                                  LayoutMaker::with_platform(maker.image({}, "amd64"), "amd64")});
  maker.publish({LayoutMaker::tagged(index, "t"), LayoutMaker::tagged(index, "other")});
  const auto reference = maker.path() + ":t";
  ASSERT_TRUE(accelkit({"image", "annotate", reference, "--set", two, "--platform", "linux/arm64"}).good);
  EXPECT_EQ(accelkit({"image", "show", reference}).out,
            "linux/arm64\nio.runx-accel.domain.vcpus = 2\nio.runx-accel.schema = 1\n"
            "linux/amd64\nio.runx-accel.schema = 1\n");
  const auto said = accelkit({"image", "annotate", reference, "--set", two, "--json"});
  EXPECT_EQ(Json::parse(said.out).size(), 2U);
  EXPECT_THAT(accelkit({"image", "show", reference, "--platform", "linux/amd64"}).out, HasSubstr("vcpus = 2"));
  // The other tag still names what it named.
  EXPECT_THAT(accelkit({"image", "show", maker.path() + ":other"}).out, testing::Not(HasSubstr("vcpus")));
  // What the index says of its images stays.
  const auto published = Json::parse(fake::read_file(maker.file("index.json")));
  EXPECT_EQ(maker.read_json(published["manifests"][0]["digest"])["manifests"][1]["platform"]["architecture"], "amd64");
}

TEST(ImageAnnotate, ArchivesAreRewritten) {
  LayoutMaker maker;
  maker.publish({LayoutMaker::tagged(maker.image({maker.layer({{"a", "b"}})}), "t")});
  const auto archive = maker.archive();
  const auto first = accelkit({"image", "annotate", archive + ":t", "--set", two});
  ASSERT_TRUE(first.good) << first.error;
  const auto bytes = fake::read_file(archive);
  EXPECT_EQ(accelkit({"image", "annotate", archive + ":t", "--set", two}).out, first.out);
  EXPECT_EQ(fake::read_file(archive), bytes);
  EXPECT_EQ(accelkit({"image", "annotate", maker.path(), "--set", two}).out, first.out);
  EXPECT_TRUE(accelkit({"image", "lint", archive}).good);
}

}  // namespace
}  // namespace runx
