// The sample service of the lab: a small bidder that behaves as the services of the runbooks do, and that can be told
// to fail. It holds no knowledge of any release: what goes wrong is told to it, by environment or while it runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// On SIGTERM readiness fails at once, answers close their connections for lastAnswers, then the listener closes
	// and what is under way gets drainTime: less than 10 s in all.
	lastAnswers = time.Second
	drainTime   = 8 * time.Second
)

func main() {
	log := newLog(os.Stdout)
	settings, err := readSettings(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stdout, "fatal:", err)
		os.Exit(2)
	}
	app := newApp(settings, log)
	listener, err := net.Listen("tcp", settings.listen)
	if err != nil {
		fmt.Fprintln(os.Stdout, "fatal:", err)
		os.Exit(2)
	}
	// No idle time-out: a proxy that keeps its connection must never find it closed just as it sends.
	server := &http.Server{Handler: app.routes(), ReadHeaderTimeout: 5 * time.Second}
	go app.sufferForever()
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stdout, "fatal:", err)
			os.Exit(2)
		}
	}()
	log.Info("listening", "address", listener.Addr().String(), "version", settings.version)

	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, os.Interrupt)
	for name := range asked {
		if app.faults.now().HangOnTerm {
			log.Warn("told to end, told to hang: going on", "signal", name.String())
			continue
		}
		break
	}
	app.ending.Store(true)
	log.Info("ending", "in_flight", app.inFlight.Load())
	server.SetKeepAlivesEnabled(false)
	time.Sleep(lastAnswers)
	limit, stop := context.WithTimeout(context.Background(), drainTime)
	defer stop()
	if err := server.Shutdown(limit); err != nil {
		log.Warn("ended before all was answered", "in_flight", app.inFlight.Load())
		return
	}
	log.Info("ended, all was answered")
}
