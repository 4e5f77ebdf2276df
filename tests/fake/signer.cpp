// SPDX-License-Identifier: Apache-2.0
#include "tests/fake/signer.h"

#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace runx::fake {
namespace {

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("libcrypto cannot ") + what);
}

const unsigned char* bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

struct Signer::Key {
  EVP_PKEY* key = nullptr;
};

Signer::Signer(const std::string& curve) : key_(std::make_unique<Key>()) {
  key_->key = curve == "RSA" ? EVP_RSA_gen(2048) : EVP_EC_gen(curve.c_str());
  must(key_->key != nullptr, "make a key");
}

Signer::~Signer() { EVP_PKEY_free(key_->key); }

std::string Signer::public_key() const {
  BIO* out = BIO_new(BIO_s_mem());
  must(PEM_write_bio_PUBKEY(out, key_->key) == 1, "write a key");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return pem;
}

std::string Signer::sign(const std::string& file) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string out(512, '\0');
  std::size_t size = out.size();
  must(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_->key) == 1, "begin to sign");
  must(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes(file), file.size()) == 1,
       "sign");
  EVP_MD_CTX_free(context);
  out.resize(size);
  return out;
}

std::string Signer::base64(const std::string& binary) {
  std::string out((binary.size() + 2) / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(binary), static_cast<int>(binary.size()));
  out.back() = '\n';
  return out;
}

}  // namespace runx::fake
