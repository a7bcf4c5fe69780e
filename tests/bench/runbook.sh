#!/usr/bin/env bash
# A rolling release as a careful person would script the runbook: helm, kubectl and curl, and the same checks that our
# release makes. It stops at the first thing that is wrong, and knows no way back.
#
# VERSION, RELEASE, NAMESPACE, CHART, VALUES (file), IMAGE (without tag), PROMETHEUS (URL), WATCHED (seconds that gates
# have to hold), RECORD (file); helm and kubectl by PATH, the cluster by KUBECONFIG.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kube() { kubectl -n "$NAMESPACE" "$@"; }
helm_() { helm -n "$NAMESPACE" "$@"; }
part() { echo "== $1"; }
stop() { echo "STOP: $1" >&2; exit 1; }
at_least() { [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ] || stop "$3 is $1, needs $2"; }
# The one number that a query yields; nothing where there is none.
ask() {
  curl -fsS --max-time 5 --data-urlencode "query=$1" "$PROMETHEUS/api/v1/query" |
    sed -n 's/.*"value":\[[^,]*,"\([^"]*\)"\].*/\1/p'
}

part "tools"
at_least "$(helm version --template '{{.Version}}' | tr -d v)" 3.14 helm
at_least "$(kubectl version --client -o yaml | sed -n 's/.*gitVersion: v//p' | head -n 1)" 1.30 kubectl
command -v curl > /dev/null || stop "curl is missing"

part "access"
kube get --raw /version > /dev/null || stop "the API server does not answer"
server=$(kubectl config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
context=$(kubectl config current-context)
echo "this is $context at $server"
there=$(date -d "$(curl -skI --max-time 5 "$server/version" | tr -d '\r' | sed -n 's/^[Dd]ate: //p')" +%s)
skew=$(($(date +%s) - there))
[ "${skew#-}" -le 30 ] || stop "the clock is $skew s off"

part "permissions"
kube auth can-i --list > "$work/rights"
for resource in configmaps secrets services serviceaccounts deployments.apps poddisruptionbudgets.policy \
  httproutes.gateway.networking.k8s.io leases.coordination.k8s.io; do
  grep -q "^$resource .*get.*create.*update.*patch.*delete" "$work/rights" || stop "no right to write $resource"
done
for resource in pods replicasets.apps; do
  grep -q "^$resource .*get.*list" "$work/rights" || stop "no right to read $resource"
done
grep -q "^pods/log .*get" "$work/rights" || stop "no right to read logs"
grep -q "^events .*list" "$work/rights" || stop "no right to list events"
grep -q "^services/proxy .*get.*create" "$work/rights" || stop "no right to probe services"

part "what runs"
[ -z "$(kube get lease "release-$RELEASE" -o 'jsonpath={.spec.holderIdentity}' --ignore-not-found)" ] ||
  stop "somebody is releasing"
helm_ status "$RELEASE" -o json | grep -q '"status":"deployed"' || stop "the Helm release is not deployed"
helm_ history "$RELEASE" --max 5 > "$work/history"
helm_ get manifest "$RELEASE" > "$work/manifest"
helm_ get values "$RELEASE" > "$work/values"
grep -q "kind: Deployment" "$work/manifest" || stop "there is no way back"
old=$(kube get deployment "$RELEASE" -o 'jsonpath={.spec.template.spec.containers[0].image}')

part "chart"
helm_ lint "$CHART" -f "$VALUES" --set-string "image.tag=$VERSION" > "$work/lint" || stop "$(cat "$work/lint")"
helm_ template "$RELEASE" "$CHART" --is-upgrade --validate -f "$VALUES" --set-string "image.tag=$VERSION" > "$work/new"
kube apply --dry-run=server -f "$work/new" > "$work/dry" 2>&1 || stop "$(cat "$work/dry")"
helm_ upgrade "$RELEASE" "$CHART" --dry-run=server --reset-values -f "$VALUES" --set-string "image.tag=$VERSION" \
  > "$work/plan"

part "images"
for image in "$IMAGE:$VERSION" "$old"; do
  registry=${image%%/*}
  name=${image#*/}
  curl -fsSI --max-time 10 -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
    "http://$registry/v2/${name%%:*}/manifests/${name##*:}" > /dev/null || stop "there is no image $image"
done

part "gates"
[ -n "$(ask 'vector(1)')" ] || stop "Prometheus does not answer"

part "release"
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
helm_ upgrade "$RELEASE" "$CHART" --install --history-max 20 --reset-values -f "$VALUES" \
  --set-string "image.tag=$VERSION" --timeout 120s > "$work/upgrade"
kube rollout status "deployment/$RELEASE" --timeout=120s

part "watch"
hash=$(kube get pods -l "app.kubernetes.io/instance=$RELEASE" --sort-by=.metadata.creationTimestamp \
  -o 'jsonpath={.items[-1:].metadata.labels.pod-template-hash}')
pods="pod=~\"$RELEASE-$hash-.*\""
held=0
for ((look = 0; look < 120; look++)); do
  total=$(ask "sum(increase(shop_requests_total{$pods}[10s]))")
  errors=$(ask "sum(increase(shop_requests_total{$pods,code=~\"5..\"}[10s]))")
  p95=$(ask "histogram_quantile(0.95, sum by (le) (rate(shop_request_duration_seconds_bucket{$pods}[10s])))")
  verdict=$(awk -v t="${total:-0}" -v e="${errors:-0}" -v p="${p95:-NaN}" 'BEGIN {
    if (t < 20 || p == "NaN") print "wait"; else if (e / t > 0.05 || p > 0.25) print "fail"; else print "pass" }')
  echo "$verdict: ${errors:-no} errors of ${total:-no} requests, p95 ${p95:-unknown}"
  [ "$verdict" != fail ] || stop "the gates failed"
  # The first look that passes begins the time, as ours does.
  if [ "$verdict" = pass ]; then
    [ "$held" -lt "$WATCHED" ] || break
    held=$((held + 1))
  fi
  sleep 0.9
done
[ "$look" -lt 120 ] || stop "there was no evidence in time"

part "verify"
kube rollout status "deployment/$RELEASE" --timeout=60s
kube get pods -l "app.kubernetes.io/instance=$RELEASE,pod-template-hash=$hash" -o \
  'jsonpath={range .items[*]}{.metadata.name} {.spec.containers[0].image} {.status.containerStatuses[0].ready} {.status.containerStatuses[0].restartCount}{"\n"}{end}' \
  > "$work/pods"
while read -r pod image ready restarts; do
  [ "$image" = "$IMAGE:$VERSION" ] || stop "$pod runs $image"
  [ "$ready" = true ] || stop "$pod is not ready"
  [ "$restarts" = 0 ] || stop "$pod was restarted"
  ! kube logs "$pod" --tail=50 | grep -E '"level":[[:space:]]*"(fatal|panic)"' || stop "$pod logged something fatal"
done < "$work/pods"
health=$(kube get --raw "/api/v1/namespaces/$NAMESPACE/services/$RELEASE:8080/proxy/health")
grep -q '"status": *"healthy"' <<< "$health" || stop "it is not healthy: $health"
grep -q "\"version\": *\"$VERSION\"" <<< "$health" || stop "another version answers: $health"

part "record"
echo "$started $RELEASE $old -> $IMAGE:$VERSION by $(id -un)" >> "$RECORD"
echo "== end"
