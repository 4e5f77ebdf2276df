// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <iostream>
#include <streambuf>
#include <string>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "tools/commands.h"
#include "tools/complete.h"

namespace {

// What is printed leaves the program here, line by line and printable, whatever an image or a file wrote into it.
class PrintableBuffer : public std::streambuf {
 public:
  explicit PrintableBuffer(std::ostream& stream) : stream_(stream), raw_(stream.rdbuf(this)) {}
  PrintableBuffer(const PrintableBuffer&) = delete;
  PrintableBuffer& operator=(const PrintableBuffer&) = delete;
  ~PrintableBuffer() override {
    write(line_);
    raw_->pubsync();
    stream_.rdbuf(raw_);
  }

 protected:
  int overflow(int c) override {
    if (c == traits_type::eof()) return traits_type::not_eof(c);
    line_ += traits_type::to_char_type(c);
    if (c == '\n') {
      write(line_);
      line_.clear();
    }
    return c;
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    for (std::streamsize i = 0; i < size; ++i) overflow(traits_type::to_int_type(text[i]));
    return size;
  }

 private:
  void write(const std::string& text) {
    const auto safe = runx::base::printable_text(text);
    raw_->sputn(safe.data(), static_cast<std::streamsize>(safe.size()));
  }

  std::ostream& stream_;
  std::streambuf* raw_;
  std::string line_;
};

using Adder = void (*)(CLI::App&, runx::tools::Chosen&);
constexpr std::array<std::pair<std::string_view, Adder>, 5> commands = {{{"inspect", runx::tools::add_inspect},
                                                                         {"board", runx::tools::add_board},
                                                                         {"fpga", runx::tools::add_fpga},
                                                                         {"passthrough", runx::tools::add_passthrough},
                                                                         {"image", runx::tools::add_image}}};

}  // namespace

int main(int argc, char** argv) {
  const PrintableBuffer output(std::cout);
  const PrintableBuffer errors(std::cerr);
  CLI::App app("The toolkit for images and boards with accelerators; it never touches hardware", "accelkit");
  app.require_subcommand(1);
  runx::tools::Chosen chosen;
  // The commands that are not called need not be described: that takes as long as a short one takes to run.
  const std::string_view called = argc > 1 ? argv[1] : "";
  const auto is_called = [called](const auto& command) { return command.first == called; };
  const bool known = std::any_of(commands.begin(), commands.end(), is_called);
  for (const auto& command : commands) {
    if (!known || is_called(command)) command.second(app, chosen);
  }
  app.footer("Exit codes: 0 fine, 1 an error or a finding, 2 a usage error.");
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == "complete") {
    for (const auto& word : runx::tools::completions(app, std::span(words).subspan(1))) std::cout << word << "\n";
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto done = chosen();
  if (done) return 0;
  std::cerr << "accelkit: " << done.error().what << "\n";
  return 1;
}
