// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/fake/fake_board.h"

namespace runx::oci {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json good() { return base::parse_json(fake::fake_config_json(), "").value(); }

// ctr's configuration with one member replaced; null stays null, which means absent.
std::string with(const std::string& pointer, const json& value) {
  auto config = good();
  config[json::json_pointer(pointer)] = value;
  return base::json_text(config);
}

base::Result<Bundle> parse(const std::string& text) { return parse_config(text, "/bundle"); }

std::string complaint(const std::string& text) {
  const auto bundle = parse(text);
  return bundle ? "none" : bundle.error().what;
}

TEST(ConfigJson, OfCtrIsReadWhole) {
  const auto bundle = parse(fake::fake_config_json());
  ASSERT_TRUE(bundle) << bundle.error().what;
  EXPECT_EQ(bundle->path, "/bundle");
  EXPECT_EQ(bundle->rootfs, "/bundle/rootfs");
  EXPECT_EQ(bundle->config, fake::fake_config_json());
  const auto& process = bundle->process;
  EXPECT_THAT(process.args, ElementsAre("/timer"));
  EXPECT_THAT(process.env, ElementsAre("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
  EXPECT_EQ(process.cwd, "/");
  EXPECT_THAT(process.additional_gids, ElementsAre(0U));
  EXPECT_TRUE(process.no_new_privileges);
  EXPECT_FALSE(process.root_read_only);
  ASSERT_EQ(process.rlimits.size(), 1U);
  EXPECT_EQ(process.rlimits[0], (guest::GuestRlimit{"RLIMIT_NOFILE", 1024, 1024}));
  EXPECT_EQ(bundle->annotations, (annotations::Annotations{{"io.runx-accel.domain.memory", "96MiB"}, {"x", "1"}}));
  ASSERT_EQ(process.mounts.size(), 7U);
  EXPECT_EQ(process.mounts[0], (guest::GuestMount{"proc", "proc", "/proc", {"nosuid", "noexec", "nodev"}}));
  EXPECT_EQ(process.mounts[1].destination, "/dev");
}

TEST(ConfigJson, WhatIsSaidReachesTheProcess) {
  auto config = good();
  config["hostname"] = "box";
  config["root"] = {{"path", "/elsewhere/root"}, {"readonly", true}};
  config["process"]["user"] = {{"uid", 1000}, {"gid", 4294967295U}, {"umask", 63}, {"additionalGids", {5, 6}}};
  config["process"]["cwd"] = "/work";
  config["process"]["env"] = {"A=b XLCONF=/etc/passwd\nkernel=\"x\"", "EMPTY="};
  const auto bundle = parse(base::json_text(config));
  ASSERT_TRUE(bundle) << bundle.error().what;
  EXPECT_EQ(bundle->rootfs, "/elsewhere/root");
  const auto& process = bundle->process;
  EXPECT_TRUE(process.root_read_only);
  EXPECT_EQ(process.hostname, "box");
  EXPECT_EQ(process.uid, 1000U);
  EXPECT_EQ(process.gid, 4294967295U);
  EXPECT_EQ(process.umask, 63U);
  EXPECT_THAT(process.additional_gids, ElementsAre(5U, 6U));
  EXPECT_EQ(process.cwd, "/work");
  EXPECT_THAT(process.env, ElementsAre("A=b XLCONF=/etc/passwd\nkernel=\"x\"", "EMPTY="));
}

TEST(ConfigJson, UnknownPropertiesAndAnyMinorVersionAreFine) {
  EXPECT_EQ(complaint(with("/somethingNew", 7)), "none");
  EXPECT_EQ(complaint(with("/ociVersion", "1.0.2-dev")), "none");
  EXPECT_EQ(complaint(with("/ociVersion", "1.99.0")), "none");
  EXPECT_EQ(complaint(with("/hooks", json::object())), "none");
  EXPECT_EQ(complaint(with("/hooks", {{"prestart", json::array()}, {"poststop", nullptr}})), "none");
  EXPECT_EQ(complaint(with("/process/terminal", false)), "none");
}

struct Wrong {
  std::string text;
  std::string says;
};

TEST(ConfigJson, EveryMistakeHasItsSentence) {
  const json bind{{"destination", "/x"}, {"type", "bind"}, {"source", "/tmp"}, {"options", {"rbind"}}};
  const std::vector<Wrong> all{
      {"", "config.json is not JSON"},
      {"[]", "config.json: not a JSON object"},
      {"{\"root\": {}, \"root\": {}}", "\"root\" stands twice"},
      {with("/ociVersion", nullptr), "ociVersion \"\" is not 1.x"},
      {with("/ociVersion", "2.0.0"), "ociVersion \"2.0.0\" is not 1.x"},
      {with("/ociVersion", 1.2), "ociVersion is not a string"},
      {with("/root", nullptr), "root is missing"},
      {with("/root", "rootfs"), "root is missing"},
      {with("/root/path", nullptr), "root.path is missing"},
      {with("/root/path", 5), "root.path is not a string"},
      {with("/root/readonly", "yes"), "root.readonly is not true or false"},
      {with("/process", nullptr), "process is missing"},
      {with("/process", json::array()), "process is missing"},
      {with("/process/terminal", true), "process.terminal is true, but a container in a domain has no terminal"},
      {with("/process/args", nullptr), "process.args is empty"},
      {with("/process/args", json::array()), "process.args is empty"},
      {with("/process/args", "ls -l"), "process.args is not a list of strings"},
      {with("/process/args/0", 1), "process.args is not a list of strings"},
      {with("/process/env", {{"A", "b"}}), "process.env is not a list of strings"},
      {with("/process/cwd", "here"), "process.cwd is not an absolute path"},
      {with("/process/cwd", ""), "process.cwd is not an absolute path"},
      {with("/process/noNewPrivileges", 1), "process.noNewPrivileges is not true or false"},
      {with("/process/user", "root"), "process.user is not an object"},
      {with("/process/user/uid", -1), "process.user.uid is not a number from 0 to 4294967295"},
      {with("/process/user/uid", 4294967296), "process.user.uid is not a number from 0 to 4294967295"},
      {with("/process/user/gid", "0"), "process.user.gid is not a number"},
      {with("/process/user/umask", 1.5), "process.user.umask is not a number"},
      {with("/process/user/additionalGids", 5), "process.user.additionalGids is not a list"},
      {with("/process/user/additionalGids/0", 4294967296), "additionalGids holds something that is not a group's"},
      {with("/process/rlimits", json::object()), "process.rlimits is not a list"},
      {with("/process/rlimits/0", "x"), "process.rlimits holds something that is not an object"},
      {with("/process/rlimits/0/type", "RLIMIT_\x1b"), "the type \"RLIMIT_\\x1b\", which Linux does not know"},
      {with("/process/rlimits/0/soft", -1), "process.rlimits.soft is not a number from 0 to 18446744073709551615"},
      {with("/hostname", 5), "hostname is not a string"},
      {with("/mounts", json::object()), "mounts is not a list"},
      {with("/mounts/0", 1), "mounts holds something that is not an object"},
      {with("/mounts/0/destination", nullptr), "mounts has a destination that is not an absolute path"},
      {with("/mounts/0/destination", "proc"), "mounts has a destination that is not an absolute path"},
      {with("/mounts/0/options", "ro"), "mounts.options is not a list of strings"},
      {with("/mounts/0/type", "ext4"), "the mount at /proc is of type ext4, which the guest does not have"},
      {with("/mounts/0", bind), "the mount at /x binds a file or directory of the host"},
      {with("/mounts/0/type", nullptr), "the mount at /proc binds a file or directory of the host"},
      {with("/hooks", {{"prestart", {{{"path", "/bin/true"}}}}}), "hooks.prestart is set, but hooks are not run"},
      {with("/annotations", json::array()), "annotations is not an object"},
      {with("/annotations/x", 5), "the annotation x is not a string"},
  };
  for (const auto& wrong : all) EXPECT_THAT(complaint(wrong.text), HasSubstr(wrong.says)) << wrong.text;
}

TEST(ConfigJson, HooksOfAnyShapeAreRefusedAndNeverIgnored) {
  for (const json& hooks : {json("x"), json(5), json{{"createRuntime", {1}}}, json{{"x", "y"}}, json(true)}) {
    EXPECT_THAT(complaint(with("/hooks", hooks)), HasSubstr("config.json: hooks")) << hooks;
  }
}

TEST(ConfigJson, EveryPrefixIsRefused) {
  const auto text = base::json_text(good());
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_NE(complaint(text.substr(0, size)), "none") << size;
}

TEST(ReadBundle, NamesTheFileThatIsMissingOrTooLong) {
  fake::FakeHost host;
  EXPECT_THAT(read_bundle(host, "/bundle").error().what, HasSubstr("/bundle/config.json"));
  host.file("/bundle/config.json", std::string((std::size_t{4} << 20) + 1, ' '));
  EXPECT_THAT(read_bundle(host, "/bundle").error().what, HasSubstr("/bundle/config.json is larger than"));
  host.file("/bundle/config.json", fake::fake_config_json());
  EXPECT_TRUE(read_bundle(host, "/bundle"));
}

}  // namespace
}  // namespace runx::oci
