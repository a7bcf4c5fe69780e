{{- define "shop.selector" -}}
app.kubernetes.io/name: shop
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "shop.labels" -}}
{{ include "shop.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "shop.account" -}}
{{- if .Values.serviceAccount.create }}{{ default .Release.Name .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- /* Faults of every version, then those of the version in use: the latter win. As a list of env. */ -}}
{{- define "shop.faults" -}}
{{- $own := default dict (get .Values.faultsOf .Values.image.tag) }}
{{- $all := mergeOverwrite (deepCopy .Values.faults) $own }}
{{- range $name, $value := $all }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "shop.probe" -}}
httpGet: {path: {{ .path }}, port: http}
{{ omit . "path" | toYaml }}
{{- end }}
