// SPDX-License-Identifier: Apache-2.0
#include "runtime/resources/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/fake_host.h"

namespace runx::resources {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Record claim{"claim", {{"claim", "region pr0"}}};
const Record domain{"domain", {{"name", "runx-\"c1\"\n"}, {"uuid", "1111"}}};

TEST(Journal, ComesBackInOrder) {
  fake::FakeHost host;
  ASSERT_TRUE(write_down(host, "/journal", claim));
  ASSERT_TRUE(write_down(host, "/journal", domain));
  ASSERT_TRUE(write_down(host, "/journal", claim));
  const auto journal = read_journal(host, "/journal");
  ASSERT_TRUE(journal);
  EXPECT_THAT(journal->records, ElementsAre(claim, domain, claim));
  EXPECT_EQ(journal->torn, 0U);
}

TEST(Journal, NoFileIsAnEmptyOne) {
  fake::FakeHost host;
  const auto journal = read_journal(host, "/journal");
  ASSERT_TRUE(journal);
  EXPECT_THAT(journal->records, IsEmpty());
}

TEST(Journal, AFileThatCannotBeReadIsNotAnEmptyOne) {
  fake::FakeHost host;
  ASSERT_TRUE(write_down(host, "/journal", claim));
  host.fail("read", "/journal", EIO);
  EXPECT_FALSE(read_journal(host, "/journal"));
}

TEST(Journal, ARecordIsOneLine) {
  for (const auto& record : {claim, domain}) {
    const auto line = record_line(record);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_EQ(line.back(), '\n');
  }
}

TEST(Journal, CutAtAnyByteKeepsWhatIsComplete) {
  const auto first = record_line(claim);
  const auto second = record_line(domain);
  const auto whole = first + second;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const auto journal = parse_journal(std::string_view(whole).substr(0, size));
    const std::size_t complete = size == whole.size() ? 2 : size >= first.size() ? 1 : 0;
    EXPECT_EQ(journal.records.size(), complete) << size;
    EXPECT_EQ(journal.torn, size - (complete == 2 ? whole.size() : complete == 1 ? first.size() : 0)) << size;
  }
}

TEST(Journal, NothingIsReadBehindALineThatIsNoRecord) {
  const auto good = record_line(claim);
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
    const auto journal = parse_journal(good + line + good);
    EXPECT_THAT(journal.records, ElementsAre(claim)) << line;
    EXPECT_EQ(journal.torn, line.size() + good.size()) << line;
  }
}

}  // namespace
}  // namespace runx::resources
