// SPDX-License-Identifier: Apache-2.0
#pragma once

// Result<T>: what every function that can fail returns. The error carries an std::error_code for
// programs and a sentence for people: lower case, no full stop, naming the path, node or key.
// A layer that knows more puts it in front with `context()`.

#include <concepts>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tl/expected.hpp>

namespace runx::base {

struct Error {
  std::error_code code;
  std::string what;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

namespace detail {
inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, char part) { out += part; }
template <std::integral Number>
void append(std::string& out, Number part) {
  out += std::to_string(part);
}
}  // namespace detail

// One string of its parts: text, characters and decimal numbers.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

// "0x" and lower-case digits, at least `digits` of them.
std::string hex(unsigned long long value, int digits = 0);

// A failure with a sentence of its own: `return fail(std::errc::invalid_argument, "region ", name, " …")`.
template <class... Parts>
tl::unexpected<Error> fail(std::errc code, const Parts&... parts) {
  return tl::unexpected<Error>(Error{std::make_error_code(code), text(parts...)});
}

// A failed system call: the sentence is followed by what errno means.
template <class... Parts>
tl::unexpected<Error> fail_errno(int error, const Parts&... parts) {
  const std::error_code code(error, std::generic_category());
  return tl::unexpected<Error>(Error{code, text(parts..., ": ", code.message())});
}

// Passes a failure on, with what this layer knew in front of it.
template <class... Parts>
tl::unexpected<Error> context(Error error, const Parts&... parts) {
  error.what = text(parts..., ": ", error.what);
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace runx::base
