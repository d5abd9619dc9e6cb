#!/bin/sh
# The first process of a node: it has a network, mounts, processes and cgroups of its own, and all of the node dies with it.
#
# NODE, ADDRESS and PODS are its name, address and network of pods; STATE is its disk; CREDENTIALS, IMAGES and CNI are
# directories that all nodes read.
set -eu

hostname "$NODE"
mount --make-rprivate /
mount --make-rshared /
mount -t proc proc /proc
mount -t sysfs sysfs /sys

# The hierarchies as this process sees them: from the node's own group downwards.
mount -t tmpfs tmpfs /sys/fs/cgroup
while IFS=: read -r _ names _; do
  case $names in
    "") continue ;;
    name=*) folder=${names#name=} options=none,$names ;;
    *) folder=$names options=$names ;;
  esac
  mkdir "/sys/fs/cgroup/$folder"
  mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$folder"
done </proc/self/cgroup

# What a power loss takes is in memory; what it leaves is on the disk.
for folder in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
mkdir -p /run/cni /var/lib/kubelet /var/lib/containerd "$STATE/kubelet" "$STATE/containerd"
mount --bind "$STATE/kubelet" /var/lib/kubelet
mount --bind "$STATE/containerd" /var/lib/containerd
# There is no registry: an image that is not here is missed at once, and not after the patience of a resolver.
echo "nameserver 127.0.0.1" >/run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf

cat >/run/cni/pods.conflist <<CONFIG
{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
  "type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "/run/addresses", "ranges": [[{"subnet": "$PODS"}]], "routes": [{"dst": "0.0.0.0/0"}]}
}]}
CONFIG

# Nobody here may have a lower score for the out-of-memory killer than it was born with.
cat >/run/containerd.toml <<CONFIG
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "kiln.test/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["$CNI"]
conf_dir = "/run/cni"
CONFIG

# cgroupDriver and failCgroupV1: no systemd, and kernels that still have the first version of cgroups.
# imagePullCredentialsVerificationPolicy: images that were imported have no record of a pull.
cat >/run/kubelet.yaml <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $CREDENTIALS/authority.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
maxOpenFiles: 20000
containerRuntimeEndpoint: unix:///run/containerd.sock
resolvConf: /run/resolv.conf
syncFrequency: 10s
nodeStatusUpdateFrequency: 2s
nodeLeaseDurationSeconds: 10
evictionHard: {}
imageGCHighThresholdPercent: 100
imagePullCredentialsVerificationPolicy: NeverVerify
serializeImagePulls: false
CONFIG

containerd --config /run/containerd.toml >"$STATE/containerd.log" 2>&1 &
images="ctr --address /run/containerd.sock --namespace k8s.io images"
until $images list -q >/dev/null 2>&1; do sleep 0.1; done
if ! [ -e "$STATE/imported" ]; then
  for image in "$IMAGES"/*.tar; do $images import --local "$image" >>"$STATE/import.log" 2>&1; done
  # The next release, as far as a rollout can tell.
  $images tag "$KILN_IMAGE" "$NEXT_IMAGE" >>"$STATE/import.log" 2>&1
  touch "$STATE/imported"
fi

kubelet --config /run/kubelet.yaml --kubeconfig "$CREDENTIALS/$NODE.kubeconfig" --hostname-override "$NODE" \
  --node-ip "$ADDRESS" --node-labels "topology.kubernetes.io/zone=zone-$NODE" >"$STATE/kubelet.log" 2>&1 &
kube-proxy --kubeconfig "$CREDENTIALS/kube-proxy.kubeconfig" --hostname-override "$NODE" --proxy-mode nftables \
  --bind-address 127.0.0.1 --conntrack-max-per-core 0 >"$STATE/kube-proxy.log" 2>&1 &
# Reaps what is left to it, until it is killed.
while :; do wait || :; sleep 1; done
