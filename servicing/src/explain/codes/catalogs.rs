//! Signatures and catalogs.

use super::{codes, page};

codes! { Hresult:
    0x8009_2003 "CRYPT_E_FILE_ERROR" Stated page::HRESULT;
        "A file could not be read or written while a signature was checked."
        | Stated "the file or the disk is damaged"
        > "make sure that the image's content is whole" "verify FILE.wim" ;
    0x8009_2004 "CRYPT_E_NOT_FOUND" Stated page::HRESULT;
        "A certificate, catalog or property was not found."
        | Inferred "the catalog that vouches for a file is missing in CatRoot or servicing\\Packages"
        > "check drivers and their catalogs" "drivers check IMAGE" ;
    0x8009_6005 "TRUST_E_TIME_STAMP" Stated page::HRESULT;
        "The time stamp of a signature could not be verified or is malformed."
        | Recalled "the signature was not stamped, or by an authority that the Windows does not know"
        > "see signer, algorithm and time stamp of a driver package" "drivers info PACKAGE" ;
    0x8009_6010 "TRUST_E_BAD_DIGEST" Stated page::HRESULT;
        "What was signed is not what is there: the digest differs."
        | Inferred "the file was changed after it was signed: edited, converted to other line ends, damaged in a download"
        > "see which file differs from its catalog" "drivers info PACKAGE"
        > "check what the image holds" "drivers check IMAGE" ;
    0x800B_0003 "TRUST_E_SUBJECT_FORM_UNKNOWN" Stated page::HRESULT;
        "The file is of a kind whose signatures are not known."
        | Recalled "the file is no catalog, or is empty"
        > "see what the package says" "drivers info PACKAGE" ;
    0x800B_0100 "TRUST_E_NOSIGNATURE" Stated page::HRESULT;
        "There is no signature."
        | Recalled "a driver's catalog is missing, empty, or was made but not signed"
        | Stated "of an update: its catalog under servicing\\Packages is missing or damaged"
        > "see whether the package has a catalog and who signed it" "drivers info PACKAGE"
        > "for a lab an unsigned driver can be added; Windows loads it in test mode only" "drivers add IMAGE PACKAGE --force-unsigned --dry-run" ;
    0x800B_0101 "CERT_E_EXPIRED" Stated page::HRESULT;
        "A certificate of the chain is not valid now, or was not when the file was signed."
        | Recalled "the signature has no time stamp, so that it ends with its certificate"
        | Inferred "the clock of the computer or virtual machine is wrong"
        > "see signer and time stamp" "drivers info PACKAGE" ;
    0x800B_0109 "CERT_E_UNTRUSTEDROOT" Stated page::HRESULT;
        "The chain ends at a root certificate that is not trusted."
        | Inferred "a test certificate, or one that the maker of the driver made himself"
        | Recalled "an old Windows that does not have the new root"
        > "see who signed" "drivers info PACKAGE"
        > "where it is yours, name its certificate" "drivers add IMAGE PACKAGE --trust CERTIFICATE.der --dry-run" ;
    0x800B_010A "CERT_E_CHAINING" Stated page::HRESULT;
        "No chain of certificates leads to a trusted root."
        | Inferred "a certificate in between is not in the signature"
        > "see the signer" "drivers info PACKAGE" ;
    0x800B_0110 "CERT_E_WRONG_USAGE" Stated page::HRESULT;
        "The certificate is not for what it was used for."
        | Inferred "the catalog is signed by a certificate that is not for code"
        > "see the signer" "drivers info PACKAGE" ;
}
