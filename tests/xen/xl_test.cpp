// SPDX-License-Identifier: Apache-2.0
#include "xen/xl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/fake_xl.h"
#include "xen/config.h"

namespace runx::xen {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* ours = "0d9fa4d0-2a6c-8b5e-9d3e-111111111111";
constexpr const char* theirs = "0d9fa4d0-2a6c-8b5e-9d3e-222222222222";

// As xl 4.20 printed it on the emulated board, tabs and all.
constexpr const char* header =
    "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            "
    "Reason-Code\tSecurity Label\n"
    "Domain-0                                     0  1024     2     r-----      34.5 "
    "00000000-0000-0000-0000-000000000000        -                -\n";

std::string line(const std::string& name, const std::string& state, const char* uuid = ours) {
  return name + "                                       7    64     1     " + state + "       0.0 " + uuid +
         "        -                -\n";
}

TEST(XlList, ReadsWhatXlPrints) {
  const auto list = parse_list(header + line("a name", "--p---"));
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].domid, 0U);
  EXPECT_EQ(list[0].uuid, "00000000-0000-0000-0000-000000000000");
  EXPECT_FALSE(list[0].paused || list[0].shut_down || list[0].crashed || list[0].dying);
  EXPECT_EQ(list[1].domid, 7U);
  EXPECT_EQ(list[1].uuid, ours);
  EXPECT_TRUE(list[1].paused);
}

TEST(XlList, ReadsEveryState) {
  const auto state = [](const char* text) { return parse_list(line("x", text)).at(0); };
  EXPECT_FALSE(state("r-----").paused);
  EXPECT_TRUE(state("---s--").shut_down);
  EXPECT_FALSE(state("---s--").crashed);
  EXPECT_TRUE(state("---sc-").crashed);
  EXPECT_TRUE(state("----c-").shut_down);
  EXPECT_TRUE(state("---s-d").dying);
  EXPECT_FALSE(state("--ps--").dying);
}

TEST(XlList, ADomainWithoutANameCounts) {
  EXPECT_EQ(parse_list(line("(null)", "--p---")).size(), 1U);
  EXPECT_EQ(parse_list(line("", "--p---")).size(), 0U);  // xl never prints that: a column is missing
}

TEST(XlList, ANameThatLooksLikeALineIsNotBelieved) {
  const auto list = parse_list(line(std::string("x 3 64 1 ---s-- 0.0 ") + ours + " - -", "r-----", theirs));
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].domid, 7U);
  EXPECT_EQ(list[0].uuid, theirs);
  EXPECT_FALSE(list[0].shut_down);
}

TEST(XlList, SkipsWhatIsNoLine) {
  const std::vector<std::string> texts{std::string(),
                                       std::string("\n\n\n"),
                                       std::string("xl: cannot connect\n"),
                                       std::string(ours) + "\n",
                                       "1 2 3 " + std::string(ours),
                                       "x -7 64 1 r----- 0.0 " + std::string(ours),
                                       "x 7z 64 1 r----- 0.0 " + std::string(ours),
                                       "x 99999999999 64 1 r----- 0.0 " + std::string(ours),
                                       "x 7 64 1 r---- 0.0 " + std::string(ours),
                                       "x 7 64 1 r------ 0.0 " + std::string(ours),
                                       "x 7 64 1 r----- 0.0 0D9FA4D0-2A6C-8B5E-9D3E-111111111111",
                                       "x 7 64 1 r----- 0.0 0d9fa4d0x2a6c-8b5e-9d3e-111111111111",
                                       std::string(100'000, ' '),
                                       std::string("\0\xff\x80 7 64 1", 10)};
  for (const auto& text : texts) {
    EXPECT_TRUE(parse_list(text).empty()) << text.substr(0, 100);
  }
}

TEST(XlList, EveryPrefixOfAListIsSurvived) {
  const auto whole = header + line("a name", "--p---");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    for (const auto& domain : parse_list(std::string_view(whole).substr(0, size))) EXPECT_EQ(domain.uuid.size(), 36U);
  }
}

TEST(Uuid, IsMadeOfTheTextAlone) {
  const auto uuid = uuid_of("/run/a\nc1");
  EXPECT_EQ(uuid, uuid_of("/run/a\nc1"));
  EXPECT_NE(uuid, uuid_of("/run/a\nc2"));
  EXPECT_NE(uuid, uuid_of("/run/b\nc1"));
  EXPECT_THAT(uuid, testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

class XlTest : public testing::Test {
 protected:
  XlTest() {
    fake::add_fake_xl(host_);
    host_.file("/boot/kernel", "");
    DomainConfig config;
    config.name = "runx-c1";
    config.uuid = ours;
    config.kernel = config.ramdisk = host_.real("/boot/kernel");
    host_.file("/c1.cfg", config_text(config));
  }
  fake::FakeHost host_;
};

TEST_F(XlTest, ADomainFromItsBirthToItsEnd) {
  EXPECT_EQ(create_paused(host_, "/c1.cfg", ours).value(), 1U);
  EXPECT_TRUE(find_domain(host_, ours).value()->paused);
  EXPECT_TRUE(unpause(host_, 1));
  EXPECT_FALSE(find_domain(host_, ours).value()->paused);
  EXPECT_TRUE(destroy(host_, ours));
  EXPECT_FALSE(find_domain(host_, ours).value());
  EXPECT_TRUE(destroy(host_, ours));
}

TEST_F(XlTest, OnlyTheDomainOfThatUuidIsDestroyed) {
  set_fake_domain(host_, {4, "runx-c1", theirs, "r-----", "64", "1"});
  EXPECT_TRUE(destroy(host_, ours));
  EXPECT_EQ(fake::fake_domains(host_).size(), 1U);
}

TEST_F(XlTest, AllDomainsOfThatUuidAreDestroyed) {
  set_fake_domain(host_, {4, "(null)", ours, "--p---", "64", "1"});
  set_fake_domain(host_, {5, "runx-c1", ours, "r-----", "64", "1"});
  EXPECT_TRUE(destroy(host_, ours));
  EXPECT_EQ(fake::fake_domains(host_).size(), 0U);
}

TEST_F(XlTest, UnpauseFailsThoughXlExitsWithZero) {
  const auto gone = unpause(host_, 99);
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error().what, HasSubstr("No such process"));
  ASSERT_TRUE(create_paused(host_, "/c1.cfg", ours));
  EXPECT_TRUE(unpause(host_, 1));
  EXPECT_FALSE(unpause(host_, 1));
}

TEST_F(XlTest, AWarningThatSpeaksOfAnErrorIsNone) {
  const auto says = [&](const std::string& words) {
    host_.on_program(xl_path, [words](const base::Command&) { return base::Outcome{0, "", words}; });
    return unpause(host_, 1).has_value();
  };
  EXPECT_TRUE(says("libxl: warning: libxl_domain.c:700: Domain 1:qmp error: no device model, none is needed\n"));
  EXPECT_TRUE(says("WARNING: pcpu 3: last error: none\n"));
  EXPECT_FALSE(says("libxl: warning: libxl_domain.c:700: nothing\nlibxl: error: libxl_domain.c:684: Domain 1\n"));
  EXPECT_FALSE(says("xencall: error: Could not obtain handle on privileged command interface"));
}

TEST_F(XlTest, TheCauseIsInTheFirstOfXlsManyLines) {
  set_fake_domain(host_, {4, "runx-c1", theirs, "r-----", "64", "1"});
  const auto made = create_paused(host_, "/c1.cfg", ours);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().what, HasSubstr("Domain with name \"runx-c1\" already exists"));
  EXPECT_THAT(made.error().what, Not(HasSubstr("\n")));
  host_.file("/fake/xl/fail/create", "libxl: error: the cause\n" + std::string(5000, 'x'));
  const auto failed = create_paused(host_, "/c1.cfg", ours);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().what, HasSubstr("the cause"));
  EXPECT_LT(failed.error().what.size(), 800U);
}

TEST_F(XlTest, SuccessWithoutADomainIsNone) {
  host_.on_program(xl_path, [](const base::Command&) { return base::Outcome{}; });
  const auto made = create_paused(host_, "/c1.cfg", ours);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().what, HasSubstr("there is no domain"));
}

TEST_F(XlTest, AnUnreadableListIsNotAnEmptyOne) {
  ASSERT_TRUE(create_paused(host_, "/c1.cfg", ours));
  host_.file("/fake/xl/fail/list", "xl: cannot reach xenstored\n");
  EXPECT_FALSE(destroy(host_, ours));
  EXPECT_EQ(fake::fake_domains(host_).size(), 1U);
}

TEST_F(XlTest, AFailedDestroyIsTriedAgain) {
  ASSERT_TRUE(create_paused(host_, "/c1.cfg", ours));
  host_.file("/fake/xl/fail/destroy", "libxl: error: busy\n");
  EXPECT_TRUE(destroy(host_, ours));
  EXPECT_EQ(fake::fake_domains(host_).size(), 0U);
}

}  // namespace
}  // namespace runx::xen
