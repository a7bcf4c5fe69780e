package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// meters is what /metrics shows: of user requests only.
type meters struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration prometheus.Histogram
}

func newMeters(version string) *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shop_requests_total", Help: "User requests by status code."}, []string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "shop_request_duration_seconds", Help: "Time until a user request was answered.",
			Buckets: []float64{.005, .01, .025, .05, .1, .15, .2, .25, .3, .4, .5, .75, 1, 1.5, 2.5}}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "shop_build_info", Help: "1, with the version that runs as a label."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	// Both exist from the start: a counter whose first sample is already 7 hides those seven from rate().
	m.requests.WithLabelValues("200")
	m.requests.WithLabelValues("500")
	process := collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})
	m.registry.MustRegister(m.requests, m.duration, build, process)
	return m
}

func (m *meters) count(code int, took time.Duration) {
	m.requests.WithLabelValues(strconv.Itoa(code)).Inc()
	m.duration.Observe(took.Seconds())
}

func (m *meters) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
