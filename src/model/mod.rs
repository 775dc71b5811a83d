//! Models from the outside: folders and manifests, runtimes and devices, front ends, detection.
