package main

import (
	"math"
	"net/http"
	"runtime"
	"syscall"
	"time"
)

// The three shapes of health answers that services of the runbooks give: alive, ready, and the whole picture.

func (a *app) live(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"status": "ok", "timestamp": time.Now().UTC().Format(time.RFC3339)})
}

func (a *app) ready(w http.ResponseWriter, _ *http.Request) {
	faults := a.faults.now()
	code, status := http.StatusOK, "ready"
	if faults.NeverReady || !faults.connected() || a.ending.Load() {
		code, status = http.StatusServiceUnavailable, "not ready"
	}
	answer(w, code, map[string]any{"status": status, "checks": map[string]string{"database": faults.Database}})
}

func (a *app) health(w http.ResponseWriter, _ *http.Request) {
	code, status := http.StatusOK, "healthy"
	if !a.faults.now().connected() {
		code, status = http.StatusServiceUnavailable, "unhealthy"
	}
	uptime := time.Since(a.started)
	answer(w, code, map[string]any{"status": status, "version": a.version, "uptime": math.Floor(uptime.Seconds()),
		"services": map[string]any{"database": a.database()},
		"metrics":  map[string]any{"memoryUsage": memoryMB(), "cpuUsage": cpuPercent(uptime)}})
}

func (a *app) databaseHealth(w http.ResponseWriter, _ *http.Request) {
	code := http.StatusOK
	if !a.faults.now().connected() {
		code = http.StatusServiceUnavailable
	}
	answer(w, code, a.database())
}

// database tells of a database that is only played: its state is a fault knob, its latency in ms a constant.
func (a *app) database() map[string]any {
	return map[string]any{"status": a.faults.now().Database, "latency": 2}
}

func memoryMB() float64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return math.Round(float64(stats.Sys-stats.HeapReleased) / (1 << 20))
}

// cpuPercent is of one core, on average since the start.
func cpuPercent(uptime time.Duration) float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	used := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return math.Round(1000*used.Seconds()/uptime.Seconds()) / 10
}
