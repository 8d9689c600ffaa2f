"""wpdeploy on a real node: kubelet, containerd, runc, a CNI bridge and kube-proxy."""
