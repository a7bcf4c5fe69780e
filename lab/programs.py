"""The programs of a lab: their command lines, and supervisor's configuration made of them."""
from __future__ import annotations

import shlex
from pathlib import Path

from lab.settings import API, GATEWAY, PROMETHEUS, SERVICES, STATS, Lab


def commands(lab: Lab, found: dict[str, Path]) -> dict[str, list[str]]:
    """Name -> argv, in the order in which they are started. `found`: where each binary is."""
    pki, state, run = lab.state / "pki", lab.state, lab.run
    etcd = "http://127.0.0.1:2379"

    def three(part: str) -> list[str]:
        conf = run / "conf" / f"{part}.conf"
        return [f"--kubeconfig={conf}", f"--authentication-kubeconfig={conf}", f"--authorization-kubeconfig={conf}"]

    table: dict[str, list[object]] = {
        "etcd": [
            found["etcd"], f"--data-dir={state}/etcd", f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}", "--listen-peer-urls=http://127.0.0.1:2380", "--unsafe-no-fsync",
            "--log-level=warn"],
        "apiserver": [
            found["kube-apiserver"], f"--etcd-servers={etcd}", f"--advertise-address={lab.node}",
            f"--secure-port={API}", f"--client-ca-file={pki}/ca.crt", f"--tls-cert-file={pki}/apiserver.crt",
            f"--tls-private-key-file={pki}/apiserver.key", f"--service-account-key-file={pki}/sa.pub",
            f"--service-account-signing-key-file={pki}/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-cluster-ip-range={SERVICES}",
            "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
            f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
            f"--kubelet-client-key={pki}/apiserver-kubelet-client.key", "--kubelet-preferred-address-types=InternalIP",
            f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User", f"--proxy-client-cert-file={pki}/front-proxy-client.crt",
            f"--proxy-client-key-file={pki}/front-proxy-client.key"],
        "registry": ["/usr/bin/docker-registry", "serve", state / "registry.yml"],
        "containerd": ["/usr/bin/containerd", "--config", state / "containerd.toml"],
        "controller-manager": [
            found["kube-controller-manager"], *three("controller-manager"), "--leader-elect=false",
            f"--service-account-private-key-file={pki}/sa.key", f"--root-ca-file={pki}/ca.crt",
            "--use-service-account-credentials=true", f"--cluster-signing-cert-file={pki}/ca.crt",
            f"--cluster-signing-key-file={pki}/ca.key", "--bind-address=127.0.0.1"],
        "scheduler": [found["kube-scheduler"], *three("scheduler"), "--leader-elect=false", "--bind-address=127.0.0.1"],
        "kubelet": [found["kubelet"], f"--config={state}/kubelet.yml", f"--kubeconfig={run}/conf/kubelet.conf",
                    f"--hostname-override={lab.name}", f"--node-ip={lab.node}", f"--root-dir={state}/kubelet",
                    f"--cert-dir={state}/kubelet/pki"],
        "kube-proxy": [found["kube-proxy"], f"--config={state}/kube-proxy.yml"],
        "coredns": [found["coredns"], "-conf", state / "Corefile"],
        "metrics-server": [
            found["metrics-server"], f"--kubeconfig={run}/admin.conf",
            f"--authentication-kubeconfig={run}/admin.conf", f"--authorization-kubeconfig={run}/admin.conf",
            "--secure-port=4443", f"--cert-dir={state}/metrics-server",
            "--kubelet-insecure-tls", "--kubelet-preferred-address-types=InternalIP", "--metric-resolution=10s",
            "--kubelet-request-timeout=5s"],
        "contour": [
            found["contour"], "serve", f"--config-path={state}/contour.yml", f"--kubeconfig={run}/admin.conf",
            "--insecure", "--disable-leader-election", "--xds-address=127.0.0.1", "--xds-port=8001",
            "--http-address=127.0.0.1", "--http-port=8011", "--health-address=127.0.0.1", "--health-port=8010",
            f"--stats-address={lab.node}", f"--stats-port={STATS}", f"--envoy-service-http-port={GATEWAY}",
            f"--ingress-status-address={lab.node}"],
        "envoy": [
            found["envoy"], "--config-path", f"{state}/envoy.json", "--service-node", "lab", "--service-cluster", "lab",
            "--log-level", "warning", "--disable-hot-restart", "--concurrency", "2"],
        "prometheus": [
            found["prometheus"], f"--config.file={state}/prometheus.yml", f"--storage.tsdb.path={state}/prometheus",
            f"--web.listen-address={lab.node}:{PROMETHEUS}", "--storage.tsdb.retention.time=1d", "--log.level=warn"]}
    return {name: [str(word) for word in argv] for name, argv in table.items()}


def supervisor_config(lab: Lab, found: dict[str, Path]) -> str:
    """Nothing starts by itself: `up` starts the programs in order; from then on what ends is started again."""
    path = f"{lab.run}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    text = [f"""\
[supervisord]
nodaemon = true
logfile = {lab.logs}/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 1
pidfile = {lab.run}/supervisord.pid
user = root
childlogdir = {lab.logs}
environment = PATH="{path}"

[unix_http_server]
file = {lab.socket}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{lab.socket}
"""]
    for name, argv in commands(lab, found).items():
        text.append(f"""\
[program:{name}]
command = {shlex.join(argv).replace('%', '%%')}
directory = {lab.state}
autostart = false
autorestart = true
startsecs = 1
startretries = 30
stopwaitsecs = 5
redirect_stderr = true
stdout_logfile = {lab.logs}/{name}.log
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 1
""")
    return "\n".join(text)
