// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/domain_kind.h"
#include "plan/region_kind.h"
#include "tests/fake/fake_host.h"

namespace runx::resources {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Container container{{"/run/a", "one", "0123456789abcdef"}, "1111", "lab"};
const Record region{"region", 1, {{"regions", {"pr0"}}}};
const Record domain{"domain", 1, {{"kernel", "runx-\"c1\"\n"}}};

std::string journal_of(const std::vector<Record>& records) {
  auto out = head_line(container);
  for (const auto& record : records) out += record_line(record);
  return out;
}

Journal parsed(std::string_view text) { return parse_journal(text).value(); }

TEST(Journal, ComesBackInOrder) {
  fake::FakeHost host;
  ASSERT_TRUE(host.append("/journal", journal_of({region, domain, region})));
  const auto journal = read_journal(host, "/journal");
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal->container, container);
  EXPECT_THAT(journal->records, ElementsAre(region, domain, region));
  EXPECT_EQ(journal->torn, 0U);
}

TEST(Journal, NotesSayHowFarARecordCame) {
  const auto journal = parsed(journal_of({region, domain}) + acquired_line(0) + acquired_line(1) + released_line(1));
  EXPECT_THAT(journal.acquired, ElementsAre(0, 1));
  EXPECT_THAT(journal.released, ElementsAre(1));
  EXPECT_EQ(journal.torn, 0U);
}

TEST(Journal, ANoteOfNoRecordIsNoNote) {
  for (const auto& line : {acquired_line(1), released_line(7), std::string("{\"acquired\":-1}\n"),
                           std::string("{\"acquired\":0,\"released\":0}\n")}) {
    const auto journal = parsed(journal_of({region}) + line);
    EXPECT_EQ(journal.torn, line.size()) << line;
    EXPECT_THAT(journal.acquired, IsEmpty());
  }
}

TEST(Journal, NoFileIsAnEmptyOne) {
  fake::FakeHost host;
  const auto journal = read_journal(host, "/journal");
  ASSERT_TRUE(journal);
  EXPECT_THAT(journal->records, IsEmpty());
}

TEST(Journal, AFileThatCannotBeReadIsNotAnEmptyOne) {
  fake::FakeHost host;
  ASSERT_TRUE(host.append("/journal", journal_of({region})));
  host.fail("read", "/journal", EIO);
  EXPECT_FALSE(read_journal(host, "/journal"));
}

TEST(Journal, OfAnotherVersionIsRefused) {
  const auto before = parse_journal("{\"claim\":\"region pr0\",\"kind\":\"claim\"}\n");
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().what, "the journal is of version 1: delete the container with the version that made it");
  const auto later = parse_journal("{\"journal\":3}\n");
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().what,
            "the journal is of version 3, and this program reads version 2: delete the container with the version that "
            "made it");
}

TEST(Journal, ARecordIsOneLine) {
  for (const auto& record : {region, domain}) {
    const auto line = record_line(record);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_EQ(line.back(), '\n');
  }
}

TEST(Journal, CutAtAnyByteKeepsWhatIsComplete) {
  const std::vector<std::string> lines{head_line(container), record_line(region), record_line(domain),
                                       acquired_line(0)};
  std::string whole;
  for (const auto& line : lines) whole += line;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const auto journal = parsed(std::string_view(whole).substr(0, size));
    std::size_t complete = 0;
    std::size_t bytes = 0;
    while (complete < lines.size() && bytes + lines[complete].size() <= size) bytes += lines[complete++].size();
    EXPECT_EQ(journal.records.size(), complete == 0 ? 0 : std::min<std::size_t>(complete - 1, 2)) << size;
    EXPECT_EQ(journal.acquired.size(), complete == 4 ? 1U : 0U) << size;
    EXPECT_EQ(journal.torn, size - bytes) << size;
  }
}

TEST(Journal, WhatIsTornIsCutOffBeforeAnythingIsAdded) {
  fake::FakeHost host;
  ASSERT_TRUE(host.append("/journal", journal_of({region}) + "{\"kind\":\"dom"));
  ASSERT_TRUE(cut_torn(host, "/journal", read_journal(host, "/journal").value()));
  ASSERT_TRUE(host.append("/journal", released_line(0)));
  const auto journal = read_journal(host, "/journal").value();
  EXPECT_EQ(journal.torn, 0U);
  EXPECT_THAT(journal.released, ElementsAre(0));
}

TEST(Journal, ARecordThatLacksSomethingIsRefusedAndNotFilledUp) {
  const auto step = plan::Step(plan::region_kind(), plan::RegionStep{.file = "/a.bit", .regions = {"pr0"}});
  const auto good = record_of(step);
  ASSERT_TRUE(step_of(good, plan::kinds()));
  for (const auto& [member, value] : good.step.items()) {
    auto lacking = good;
    lacking.step.erase(member);
    const auto read = step_of(lacking, plan::kinds());
    ASSERT_FALSE(read) << member;
    EXPECT_EQ(read.error().what, "the journal's record of kind \"region\" is damaged: \"" + member +
                                     "\" is missing: give back by hand what it names, and remove the container's "
                                     "directory");
    auto strange = good;
    strange.step[member] = nullptr;
    EXPECT_FALSE(step_of(strange, plan::kinds())) << member;
  }
  auto more = good;
  more.step["regoins"] = 1;
  EXPECT_FALSE(step_of(more, plan::kinds()));
}

TEST(Journal, ARecordOfAnotherVersionIsRefused) {
  auto record = record_of(plan::Step(plan::domain_kind(), plan::DomainStep{}));
  record.version = 2;
  EXPECT_EQ(step_of(record, plan::kinds()).error().what,
            "the journal has a record of kind \"domain\", version 2, and this program reads version 1: delete the "
            "container with the version that made it");
}

TEST(Journal, NothingIsReadBehindALineThatIsNoRecord) {
  const auto good = record_line(region);
  const std::vector<std::string> broken{"\n",
                                        "garbage\n",
                                        "{}\n",
                                        "[]\n",
                                        "{\"kind\":5}\n",
                                        "{\"kind\":\"\"}\n",
                                        "{\"claim\":\"x\"}\n",
                                        "{\"kind\":\"claim\",\"claim\":7}\n",
                                        "{\"kind\":\"a\",\"kind\":\"b\"}\n",
                                        std::string("\0\0\0\n", 4),
                                        std::string(500, '[') + "\n"};
  for (const auto& line : broken) {
    const auto journal = parsed(head_line(container) + good + line + good);
    EXPECT_THAT(journal.records, ElementsAre(region)) << line;
    EXPECT_EQ(journal.torn, line.size() + good.size()) << line;
  }
}

}  // namespace
}  // namespace runx::resources
