package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// settings is what a deployment decides; all of it comes from the environment.
type settings struct {
	version    string  // VERSION, baked into the image
	listen     string  // LISTEN
	greeting   string  // GREETING
	bidPrice   float64 // BID_PRICE, in USD per thousand
	adminToken string  // ADMIN_TOKEN: who changes faults while it runs must bear it; empty asks nobody
	faults     Faults
}

func readSettings(env func(string) string) (settings, error) {
	s := settings{version: or(env("VERSION"), "unknown"), listen: or(env("LISTEN"), ":8080"),
		greeting: or(env("GREETING"), "hello"), adminToken: env("ADMIN_TOKEN")}
	price, err := strconv.ParseFloat(or(env("BID_PRICE"), "0.5"), 64)
	if err != nil || price <= 0 {
		return s, fmt.Errorf("BID_PRICE is %q, must be a number above 0", env("BID_PRICE"))
	}
	s.bidPrice = price
	s.faults, err = faultsFrom(env)
	return s, err
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

type app struct {
	settings
	log      *slog.Logger
	started  time.Time
	faults   *knobs
	meters   *meters
	inFlight atomic.Int64
	ending   atomic.Bool
}

func newApp(s settings, log *slog.Logger) *app {
	return &app{settings: s, log: log, started: time.Now(), faults: newKnobs(s.faults), meters: newMeters(s.version)}
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", a.user(a.root))
	mux.Handle("POST /bid", a.user(a.bid))
	mux.HandleFunc("GET /health", a.health)
	mux.HandleFunc("GET /health/live", a.live)
	mux.HandleFunc("GET /health/ready", a.ready)
	mux.HandleFunc("GET /health/database", a.databaseHealth)
	mux.HandleFunc("GET /faults", a.showFaults)
	mux.HandleFunc("POST /faults", a.changeFaults)
	mux.Handle("GET /metrics", a.meters.handler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Version", a.version)
		mux.ServeHTTP(w, r)
	})
}

// user wraps what users ask for: only this is counted, slowed and failed. Probes and metrics stay honest.
func (a *app) user(serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		a.inFlight.Add(1)
		defer a.inFlight.Add(-1)
		seen := &status{ResponseWriter: w, code: http.StatusOK}
		faults := a.faults.now()
		if wait := faults.delay(); wait > 0 {
			select {
			case <-time.After(wait):
			case <-r.Context().Done(): // the caller has gone
			}
		}
		if faults.fails() {
			a.log.Error("request failed", "path", r.URL.Path, "reason", "error rate asked for by a fault")
			answer(seen, http.StatusInternalServerError, map[string]any{"error": "internal error"})
		} else {
			serve(seen, r)
		}
		a.meters.count(seen.code, time.Since(begun))
	})
}

func (a *app) root(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"service": "shop", "version": a.version, "greeting": a.greeting})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the caller may have gone; nobody is left to tell
}

// status remembers the code that was sent.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}
