//! The maker's and the vendor's side: keys, certificates, building and signing.
