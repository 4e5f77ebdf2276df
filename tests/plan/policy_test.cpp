// SPDX-License-Identifier: Apache-2.0
// The policy file, and what the planner refuses because of it.
#include "plan/policy.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "plan/plan.h"
#include "plan/region_kind.h"
#include "plan/signature.h"
#include "tests/fake/fake_board.h"
#include "tests/fake/signer.h"

namespace runx::plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Glob, StarsAndQuestionMarks) {
  for (const auto& [glob, text] : {std::pair{"*", ""},
                                   {"a*", "a"},
                                   {"region pr?", "region pr1"},
                                   {"*b*", "abc"},
                                   {"device /axi/*", "device /axi/a/b"},
                                   {"a*b*c", "aXbYbZc"}}) {
    EXPECT_TRUE(matches_glob(glob, text)) << glob;
  }
  for (const auto& [glob, text] :
       {std::pair{"", "a"}, {"a", ""}, {"pr?", "pr"}, {"pr", "pr0"}, {"*a", "ab"}, {"[a]", "a"}}) {
    EXPECT_FALSE(matches_glob(glob, text)) << glob;
  }
}

TEST(Glob, ManyStarsTakeNoTime) {
  std::string glob;
  for (int i = 0; i < 100; ++i) glob += "*a";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(matches_glob(glob + "b", std::string(4096, 'a')));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(PolicyFile, TheFirstRuleForSomebodyIsTheOnlyOne) {
  const auto policy = parse_policy(R"({"schema": 1, "rules": [
    {"namespaces": ["vision-*"], "give": ["region pr0"], "memory": "1GiB", "vcpus": 2},
    {"namespaces": ["*"], "give": ["region *"], "encrypted": true},
    {"give": []}]})",
                                   "policy.json")
                          .value();
  EXPECT_EQ(rule_for(policy, "vision-a"), &policy.rules[0]);
  EXPECT_EQ(rule_for(policy, "other"), &policy.rules[1]);
  EXPECT_EQ(rule_for(policy, ""), &policy.rules[2]) << "a glob is not for somebody unknown";
  EXPECT_EQ(policy.rules[0].memory, std::uint64_t{1} << 30);
  EXPECT_TRUE(gives(policy.rules[0], "region pr0"));
  EXPECT_FALSE(gives(policy.rules[0], "region pr01"));
  EXPECT_EQ(rule_for(parse_policy(R"({"schema": 1, "rules": []})", "p").value(), "x"), nullptr);
}

TEST(PolicyFile, TheNamespaceIsTheEngines) {
  constexpr const char* containerds = "io.kubernetes.cri.sandbox-namespace";
  constexpr const char* cri_os = "io.kubernetes.pod.namespace";
  const Policy containerd{.rules = {}, .engine = Engine::containerd};
  const Policy cri_o{.rules = {}, .engine = Engine::cri_o};
  EXPECT_EQ(namespace_of(containerd, {{containerds, "a"}, {"x", "y"}}), "a");
  EXPECT_EQ(namespace_of(cri_o, {{cri_os, "b"}}), "b");
  EXPECT_EQ(namespace_of(containerd, {}), "");
  // Another engine's key is its author's word.
  EXPECT_EQ(namespace_of(containerd, {{cri_os, "b"}}), "");
  EXPECT_EQ(namespace_of(cri_o, {{containerds, "a"}}), "");
  for (const auto& policy : {containerd, cri_o}) {
    EXPECT_EQ(namespace_of(policy, {{containerds, "a"}, {cri_os, "b"}}), "");
    EXPECT_EQ(namespace_of(policy, {{containerds, "a"}, {cri_os, "a"}}), "a");
  }
  EXPECT_EQ(namespace_of({}, {{containerds, "a"}}), "") << "without an engine nobody has a namespace";
  EXPECT_EQ(parse_policy(R"({"schema": 1, "engine": "cri-o", "rules": []})", "p")->engine, Engine::cri_o);
}

class PolicyTest : public testing::Test {
 protected:
  PolicyTest() {
    host_.board = parse_board(fake::fake_board_json(), "board.json").value();
    const auto tree = fake::fake_boot_tree();
    host_.boot_tree = devtree::Blob::parse(base::bytes_of(tree), "xen.dtb").value();
    request_.bitstreams = {{"aes", "/aes.bit", std::nullopt, std::nullopt}};
    request_.devices = {{"timer", fake::fake_timer}};
    auto& facts = image_.bitstreams["/aes.bit"];
    facts.digest = "sha256:" + std::string(64, 'a');
    facts.info.format = bitstream::Format::bit;
    facts.info.has_stream = true;
    facts.info.idcode = 0x04A49093;
    facts.info.partial = true;
    host_.kubernetes_namespace = "vision";
  }

  void rule(const std::string& members) {
    host_.policy = parse_policy(R"({"schema": 1, "rules": [{)" + members + "}]}", "policy.json").value();
  }
  Refusals refusals() {
    auto made = make_plan(request_, host_, image_);
    return std::holds_alternative<Refusals>(made) ? std::get<Refusals>(made) : Refusals{};
  }

  annotations::AcceleratorRequest request_;
  HostFacts host_;
  ImageFacts image_;
};

TEST_F(PolicyTest, WithoutAPolicyAllOfTheBoardMayBeAskedFor) { EXPECT_THAT(refusals(), IsEmpty()); }

TEST_F(PolicyTest, WhatTheRuleNamesIsGiven) {
  rule(R"("give": ["region pr*", "device /axi/timer@*"])");
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(PolicyTest, WhatItDoesNotNameIsNot) {
  rule(R"("give": ["region pr1"])");
  EXPECT_THAT(refusals(),
              ElementsAre("device /axi/timer@ff110000 is not given to namespace vision: no glob of its rule "
                          "in /etc/runx-accel/policy.json names it"));
  rule(R"("give": ["device *"])");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("region pr0 is not given to namespace vision")));
  request_.bitstreams[0].region = "pr1";
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("region pr1 is not given to namespace vision")));
}

TEST_F(PolicyTest, AnyTakesARegionThatIsGiven) {
  rule(R"("give": ["region pr1", "device *"])");
  auto made = make_plan(request_, host_, image_);
  ASSERT_TRUE(std::holds_alternative<Plan>(made));
  EXPECT_EQ(std::get<Plan>(made).all<RegionStep>().at(0).regions.at(0), "pr1");
}

TEST_F(PolicyTest, AnOptionalDeviceThatIsNotGivenIsLeftOut) {
  rule(R"("give": ["region *"])");
  request_.devices[0].required = false;
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(PolicyTest, NobodysRuleGivesNothingAtAll) {
  rule(R"("namespaces": ["other"], "give": ["region *"])");
  EXPECT_THAT(refusals(), ElementsAre("nothing is given to namespace vision: /etc/runx-accel/policy.json has no rule "
                                      "for it: add one"));
  request_ = {};
  EXPECT_THAT(refusals(), testing::SizeIs(1));
}

TEST_F(PolicyTest, DmaWithoutAnIommuIsTheOwnersToAllow) {
  request_.bitstreams.clear();
  request_.devices = {{"net", fake::fake_ethernet}};
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("IOMMU")));
  rule(R"("give": ["device *"])");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("IOMMU")));
  rule(R"("give": ["device *"], "dmaWithoutIommu": ["device /axi/timer@*"])");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("IOMMU")));
  rule(R"("give": ["device *"], "dmaWithoutIommu": ["device /axi/ethernet@*"])");
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(PolicyTest, LimitsOfMemoryAndVcpus) {
  rule(R"("give": ["region *", "device *"], "memory": "64MiB", "vcpus": 1)");
  EXPECT_THAT(refusals(), IsEmpty());
  request_.domain.memory = std::uint64_t{65} << 20;
  request_.domain.vcpus = 2;
  EXPECT_THAT(refusals(), ElementsAre("the domain needs 65MiB, but /etc/runx-accel/policy.json gives namespace vision "
                                      "at most 64MiB: ask for less, or raise the limit",
                                      HasSubstr("domain.vcpus 2 is more than the 1")));
}

TEST_F(PolicyTest, ParametersOfTheRuntimeAreLetInByThePolicyOnly) {
  request_.domain.cmdline = "isolcpus=1 init-=1 keep-bootcon";
  rule(R"("give": ["region *", "device *"])");
  EXPECT_THAT(refusals(), ElementsAre(AllOf(HasSubstr("domain.cmdline sets keep_bootcon"),
                                            HasSubstr("lets namespace vision do that (kernelParameters)"))));
  rule(R"("give": ["region *", "device *"], "kernelParameters": false)");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("domain.cmdline sets keep_bootcon")));
  rule(R"("give": ["region *", "device *"], "kernelParameters": true)");
  EXPECT_THAT(refusals(), IsEmpty());
  rule(R"("give": ["region *", "device *"])");
  request_.domain.cmdline = "isolcpus=1";
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(PolicyTest, EncryptedBitstreamsAreLetInByThePolicyOnly) {
  image_.bitstreams["/aes.bit"].info.encrypted = true;
  request_.bitstreams[0].encrypted = true;
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("is encrypted, so nobody can check")));
  rule(R"("give": ["region *", "device *"])");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("is encrypted, so nobody can check")));
  rule(R"("give": ["region *", "device *"], "encrypted": true)");
  EXPECT_THAT(refusals(), IsEmpty());
  request_.bitstreams[0].encrypted.reset();
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("fpga.aes.encrypted does not say so")));
}

TEST_F(PolicyTest, ABinIsTakenAtItsWordByThePolicyOnly) {
  image_.bitstreams["/aes.bit"].info.partial.reset();
  request_.bitstreams[0].partial = true;
  EXPECT_THAT(refusals(), IsEmpty());
  rule(R"("give": ["region *", "device *"])");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("takes nobody's word for it (headerless)")));
  rule(R"("give": ["region *", "device *"], "headerless": true)");
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(PolicyTest, OnlyTheDigestsThatAreNamed) {
  rule(R"("give": ["region *", "device *"], "digests": [])");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("is not among those that /etc/runx-accel/policy.json lets in")));
  rule(R"("give": ["region *", "device *"], "digests": ["sha256:)" + std::string(64, 'a') + "\"]");
  EXPECT_THAT(refusals(), IsEmpty());
}

class SignedTest : public PolicyTest {
 protected:
  SignedTest() {
    rule(R"("give": ["region *", "device *"], "signedBy": ["/etc/a.pub", "/etc/b.pub"])");
    host_.keys = {{"/etc/a.pub", parse_public_key(fake::Signer().public_key(), "a").value()},
                  {"/etc/b.pub", parse_public_key(signer_.public_key(), "b").value()}};
    facts().digest = base::sha256_digest(base::bytes_of(file_));
    facts().signature = signer_.sign(file_);
  }
  BitstreamFacts& facts() { return image_.bitstreams["/aes.bit"]; }

  fake::Signer signer_;
  std::string file_ = "a bitstream";
};

TEST_F(SignedTest, OneOfTheKeysIsEnough) {
  EXPECT_THAT(refusals(), IsEmpty());
  facts().signature = fake::Signer::base64(*facts().signature);
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(SignedTest, WithoutASignatureThatIsGoodNothingIsLetIn) {
  facts().signature = fake::Signer().sign(file_);
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("bitstream /aes.bit is signed by none of those whose keys ")));
  facts().signature = signer_.sign("another bitstream");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("is signed by none")));
  facts().signature = "x";
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("is not signed: /aes.bit.sig is no signature")));
  facts().signature.reset();
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("bitstream /aes.bit is not signed (/aes.bit.sig)")));
}

TEST_F(SignedTest, NoKeysLetNothingIn) {
  rule(R"("give": ["region *", "device *"], "signedBy": [])");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("is signed by none")));
  rule(R"("give": ["region *", "device *"], "signedBy": ["/etc/not-read.pub"])");
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("is signed by none")));
}

// What the overlay says to Dom0 is as much the design's as the bitstream is.
class OverlayPolicyTest : public SignedTest {
 protected:
  OverlayPolicyTest() {
    const auto file = fake::compile_tree(
        "/dts-v1/; /plugin/; &{/} { clock { compatible = \"fixed-clock\"; #clock-cells = <0>; clock-frequency = <1>; "
        "}; };");
    request_.bitstreams[0].overlay = "/aes.dtbo";
    image_.overlays["/aes.dtbo"] = {devtree::Blob::parse(base::bytes_of(file), "aes.dtbo").value(),
                                    base::sha256_digest(base::bytes_of(overlay_))};
  }
  OverlayFacts& overlay() { return image_.overlays["/aes.dtbo"]; }

  std::string overlay_ = "an overlay";
};

TEST_F(OverlayPolicyTest, ASignedBitstreamNeedsASignedOverlay) {
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("overlay /aes.dtbo is not signed (/aes.dtbo.sig)")));
  overlay().signature = fake::Signer().sign(overlay_);
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("overlay /aes.dtbo is signed by none of those whose keys ")));
  overlay().signature = facts().signature;
  EXPECT_THAT(refusals(), ElementsAre(HasSubstr("overlay /aes.dtbo is signed by none")));
  overlay().signature = signer_.sign(overlay_);
  EXPECT_THAT(refusals(), IsEmpty());
}

TEST_F(OverlayPolicyTest, OnlyTheDigestsThatAreNamed) {
  const auto digests = [&](const std::string& all) {
    rule(R"("give": ["region *", "device *"], "digests": [")" + all + "\"]");
  };
  digests(facts().digest);
  EXPECT_THAT(refusals(),
              ElementsAre(HasSubstr("overlay /aes.dtbo has digest " + overlay().digest +
                                    ", which is not among those that /etc/runx-accel/policy.json lets in")));
  digests(facts().digest + R"(", ")" + overlay().digest);
  EXPECT_THAT(refusals(), IsEmpty());
}

base::Result<PublicKeys> keys_of(fake::FakeHost& dom0, const Policy& policy) {
  return public_keys(policy, [&](const std::string& file, std::size_t most) { return dom0.read(file, most); });
}

TEST_F(SignedTest, KeysAreReadOnceForAllRules) {
  fake::FakeHost dom0;
  const auto policy = parse_policy(R"({"schema": 1, "rules": [
      {"namespaces": ["x"], "give": [], "signedBy": ["/etc/k/b.pub"]},
      {"give": [], "signedBy": ["/etc/k/b.pub", "/etc/k/a.pub"]}]})",
                                   "policy.json")
                          .value();
  dom0.file("/etc/k/b.pub", signer_.public_key());
  EXPECT_THAT(keys_of(dom0, policy).error().what, HasSubstr("/etc/k/a.pub"));
  dom0.file("/etc/k/a.pub", "no key");
  EXPECT_THAT(keys_of(dom0, policy).error().what, HasSubstr("/etc/k/a.pub is not a public key"));
  dom0.file("/etc/k/a.pub", std::string(1 << 20, 'x'));
  EXPECT_THAT(keys_of(dom0, policy).error().what, HasSubstr("/etc/k/a.pub"));
  dom0.file("/etc/k/a.pub", signer_.public_key());
  const auto keys = keys_of(dom0, policy).value();
  EXPECT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys.at("/etc/k/a.pub"), keys.at("/etc/k/b.pub"));
}

}  // namespace
}  // namespace runx::plan
