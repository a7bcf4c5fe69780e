"""The lab: one real Kubernetes node with gateway, metrics and registry, in a network namespace of its own."""
