package main

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Faults is all that can be made to go wrong. The names in JSON, in capitals, are the environment variables.
type Faults struct {
	ErrorRate    float64 `json:"error_rate"`     // share of user requests answered 500, 0..1
	LatencyMs    float64 `json:"latency_ms"`     // half of the user requests take longer than this
	LatencyP99Ms float64 `json:"latency_p99_ms"` // and one in a hundred longer than this
	LeakMBPerS   float64 `json:"leak_mb_per_s"`  // memory that is never given back
	CrashAfterS  float64 `json:"crash_after_s"`  // exit code 3, so long after it was set; 0 is never
	NeverReady   bool    `json:"never_ready"`    // /health/ready answers 503
	HangOnTerm   bool    `json:"hang_on_term"`   // SIGTERM changes nothing
	Database     string  `json:"database"`       // connected or disconnected
}

const (
	longestDelay = 30 * time.Second
	z99          = 2.3263 // standard deviations that 99 % of a normal distribution stay below
)

// faultsFrom reads the environment: each value is taken as the JSON that POST /faults would get.
func faultsFrom(env func(string) string) (Faults, error) {
	faults := Faults{Database: "connected"}
	given := map[string]json.RawMessage{}
	for _, name := range []string{"ERROR_RATE", "LATENCY_MS", "LATENCY_P99_MS", "LEAK_MB_PER_S", "CRASH_AFTER_S",
		"NEVER_READY", "HANG_ON_TERM", "DATABASE"} {
		value := env(name)
		if value == "" {
			continue
		}
		if name == "DATABASE" {
			value = fmt.Sprintf("%q", value)
		}
		if !json.Valid([]byte(value)) {
			return faults, fmt.Errorf("%s is %q, must be a number, true or false", name, value)
		}
		given[strings.ToLower(name)] = json.RawMessage(value)
	}
	body, err := json.Marshal(given)
	if err != nil {
		return faults, err
	}
	return faults.changed(body)
}

// changed takes over the named fields; what is not named stays.
func (f Faults) changed(body []byte) (Faults, error) {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	next := f
	if err := decoder.Decode(&next); err != nil {
		return f, err
	}
	if next.ErrorRate < 0 || next.ErrorRate > 1 {
		return f, fmt.Errorf("error_rate is %g, must be from 0 to 1", next.ErrorRate)
	}
	if min(next.LatencyMs, next.LatencyP99Ms, next.LeakMBPerS, next.CrashAfterS) < 0 {
		return f, errors.New("latencies, leak and seconds must be 0 or more")
	}
	if next.Database != "connected" && next.Database != "disconnected" {
		return f, fmt.Errorf("database is %q, must be connected or disconnected", next.Database)
	}
	return next, nil
}

func (f Faults) connected() bool { return f.Database == "connected" }

func (f Faults) fails() bool { return f.ErrorRate > 0 && rand.Float64() < f.ErrorRate }

// delay draws from the log-normal distribution with the median and the 99th percentile asked for: few are very slow, as
// in real services. Without a percentile above the median every request takes the median.
func (f Faults) delay() time.Duration {
	median := f.LatencyMs
	if f.LatencyP99Ms <= median {
		return asDelay(median)
	}
	median = max(median, 1)
	sigma := math.Log(f.LatencyP99Ms/median) / z99
	return asDelay(median * math.Exp(sigma*rand.NormFloat64()))
}

func asDelay(ms float64) time.Duration {
	return min(time.Duration(ms*float64(time.Millisecond)), longestDelay)
}

// knobs holds the faults of now, and since when.
type knobs struct {
	mutex  sync.Mutex
	faults Faults
	since  time.Time
}

func newKnobs(first Faults) *knobs { return &knobs{faults: first, since: time.Now()} }

func (k *knobs) now() Faults {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.faults
}

func (k *knobs) change(body []byte) (Faults, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	next, err := k.faults.changed(body)
	if err == nil {
		k.faults, k.since = next, time.Now()
	}
	return next, err
}

func (k *knobs) crashDue() bool {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	after := k.faults.CrashAfterS
	return after > 0 && time.Since(k.since).Seconds() >= after
}

// sufferForever does what happens without being asked: leaking and crashing.
func (a *app) sufferForever() {
	var leaked [][]byte
	const tick = 100 * time.Millisecond
	for range time.Tick(tick) {
		if a.faults.crashDue() {
			fmt.Fprintf(os.Stdout, "fatal: cannot go on: crash after %g s was asked for\n", a.faults.now().CrashAfterS)
			os.Exit(3)
		}
		if size := int(a.faults.now().LeakMBPerS * tick.Seconds() * (1 << 20)); size > 0 {
			block := make([]byte, size)
			for i := 0; i < size; i += 4096 { // untouched pages cost nothing
				block[i] = 1
			}
			leaked = append(leaked, block)
		}
	}
}

func (a *app) showFaults(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, a.faults.now())
}

func (a *app) changeFaults(w http.ResponseWriter, r *http.Request) {
	bears := []byte(r.Header.Get("Authorization"))
	if a.adminToken != "" && subtle.ConstantTimeCompare(bears, []byte("Bearer "+a.adminToken)) != 1 {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "faults are changed with the admin token only"})
		return
	}
	body := json.RawMessage{}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&body)
	var next Faults
	if err == nil {
		next, err = a.faults.change(body)
	}
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}
	a.log.Warn("faults changed", "faults", next)
	answer(w, http.StatusOK, next)
}
