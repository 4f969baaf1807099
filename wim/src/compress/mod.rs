//! The codecs of WIM resources.
