// SPDX-License-Identifier: Apache-2.0
#include "plan/signature.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/sha256.h"

namespace runx::plan {
namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Bio = std::unique_ptr<BIO, Release<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Release<EVP_PKEY_CTX_free>>;

const unsigned char* bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// What a check means is not for a file in /etc/ssl to say.
void start() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 32> curve{};
  return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, curve.data(), curve.size(), nullptr) == 1 &&
         std::string_view(curve.data()) == "prime256v1";
}

// A SEQUENCE that fills the file: what follows the first length is the library's to read.
bool looks_like_der(std::string_view file) {
  return file.size() >= 8 && file.size() <= 72 && file[0] == 0x30 &&
         static_cast<std::size_t>(file[1]) == file.size() - 2;
}

// Four characters to three bytes. Line ends may stand anywhere; padding only where it belongs.
std::optional<std::string> decode_base64(std::string_view text) {
  std::string packed;
  std::copy_if(text.begin(), text.end(), std::back_inserter(packed), [](char c) { return c != '\n' && c != '\r'; });
  if (packed.empty() || packed.size() % 4 != 0) return std::nullopt;
  const auto padding = static_cast<std::size_t>(std::count(packed.end() - 2, packed.end(), '='));
  const auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  if (!std::all_of(packed.begin(), packed.end() - static_cast<std::ptrdiff_t>(padding), is_digit)) return std::nullopt;
  std::string out(packed.size() / 4 * 3, '\0');
  const auto length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(packed), static_cast<int>(packed.size()));
  if (length != static_cast<int>(out.size())) return std::nullopt;
  out.resize(out.size() - padding);  // the library counts the padding's zeros too
  return out;
}

}  // namespace

base::Result<std::string> parse_public_key(std::string_view pem, const std::string& name) {
  start();
  const auto wrong = base::fail(std::errc::invalid_argument, name,
                                " is not a public key for signatures: it must be PEM, on the curve P-256 "
                                "(openssl ec -pubout)");
  if (pem.size() > largest_key) return wrong;
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Key key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  if (!key || !is_p256(key.get())) return wrong;
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key.get(), &der);
  if (length <= 0) return wrong;
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return out;
}

std::optional<std::string> parse_signature(std::string_view file) {
  if (looks_like_der(file)) return std::string(file);
  if (file.size() > largest_signature) return std::nullopt;
  auto decoded = decode_base64(file);
  return decoded && looks_like_der(*decoded) ? decoded : std::nullopt;
}

bool is_signed(const std::string& digest, const std::string& signature, const std::string& key_der) {
  start();
  if (!base::is_sha256_digest(digest)) return false;
  std::array<unsigned char, 32> hash{};
  const char* digits = digest.data() + digest.size() - 2 * hash.size();
  for (std::size_t i = 0; i < hash.size(); ++i) std::from_chars(digits + 2 * i, digits + 2 * i + 2, hash.at(i), 16);
  const auto* der = bytes(key_der);
  const Key key(d2i_PUBKEY(nullptr, &der, static_cast<long>(key_der.size())));
  const Context context(key && is_p256(key.get()) ? EVP_PKEY_CTX_new(key.get(), nullptr) : nullptr);
  const bool good = context && EVP_PKEY_verify_init(context.get()) == 1 &&
                    EVP_PKEY_verify(context.get(), bytes(signature), signature.size(), hash.data(), hash.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace runx::plan
