// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/fake_fpga.h"

#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/sha256.h"

namespace runx::fake {
namespace {

// The kernel's own accessors of its files: they pass by the gate that counts and fails what the runtime does.
bool there(FakeHost& host, const std::string& path) { return std::filesystem::exists(host.real(path)); }

std::string trimmed(std::string_view value) {
  if (!value.empty() && value.back() == '\n') value.remove_suffix(1);
  return std::string(value);
}

template <class Number>
bool parse(std::string_view text, Number& value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

void set(FakeHost& host, const std::string& attribute, const std::string& value) {
  host.file(std::string(fpga_path) + "/" + attribute, value + "\n");
}

int set_flags(FakeHost& host, std::string_view value) {
  const auto text = trimmed(value);
  const auto digits = text.starts_with("0x") ? text.substr(2) : text;
  unsigned long flags = 0;
  if (!parse(digits, flags, 16)) return EINVAL;
  set(host, "flags", base::hex(flags).substr(2));
  return 0;
}

int fail_load(FakeHost& host, const std::string& state, const std::string& status, int error) {
  set(host, "state", state);
  set(host, "status", status);
  return error;
}

}  // namespace

int fake_fpga_load(FakeHost& host, std::string_view value) {
  const auto path = "/lib/firmware/" + trimmed(value);
  if (!there(host, path)) return fail_load(host, "firmware request error", "", ENOENT);
  const auto image = host.content(path);
  if (image.find("\xAA\x99\x55\x66") == std::string::npos && image.find("\x66\x55\x99\xAA") == std::string::npos) {
    return fail_load(host, "write init error", "reconfig invalid image", EINVAL);
  }
  const std::string fail_next = "/fake/fpga/fail_next";
  if (there(host, fail_next)) {
    int error = EIO;
    parse(trimmed(host.content(fail_next)), error, 10);
    std::filesystem::remove(host.real(fail_next));
    return fail_load(host, "write error", "reconfig operation error", error);
  }
  unsigned loads = 0;
  parse(host.content("/fake/fpga/loads"), loads, 10);
  host.file("/fake/fpga/loads", std::to_string(loads + 1));
  host.file("/fake/fpga/last_length", std::to_string(image.size()));
  host.file("/fake/fpga/last_sha256", base::sha256_hex(base::bytes_of(image)));
  host.file("/fake/fpga/last_flags", trimmed(host.content(std::string(fpga_path) + "/flags")));
  set(host, "state", "operating");
  set(host, "status", "");
  return 0;
}

void add_fake_fpga(FakeHost& host) {
  const std::string path = fpga_path;
  if (!there(host, path)) {
    set(host, "name", fpga_name);
    set(host, "state", "unknown");
    set(host, "status", "");
    set(host, "flags", "0");
    set(host, "firmware", "");
    host.file("/fake/fpga/loads", "0");
    host.directory("/lib/firmware");
  }
  host.on_attribute(path + "/flags", [&host](std::string_view value) { return set_flags(host, value); });
  host.on_attribute(path + "/firmware", [&host](std::string_view value) { return fake_fpga_load(host, value); });
}

}  // namespace runx::fake
