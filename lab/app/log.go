package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const linesPerSecond = 20

func newLog(out io.Writer) *slog.Logger {
	return slog.New(&bounded{inner: slog.NewJSONHandler(out, nil), budget: &budget{}})
}

// bounded writes JSON lines, so many a second at most; how many it kept back stands in the first line of the next
// second. A service that fails a thousand requests a second must not fill a disk with it.
type bounded struct {
	inner  slog.Handler
	budget *budget
}

type budget struct {
	mutex         sync.Mutex
	second        int64
	written, kept int
}

func (b *bounded) Enabled(c context.Context, level slog.Level) bool { return b.inner.Enabled(c, level) }

func (b *bounded) Handle(c context.Context, record slog.Record) error {
	kept, may := b.budget.take(time.Now().Unix())
	if !may {
		return nil
	}
	if kept > 0 {
		record.AddAttrs(slog.Int("lines_kept_back", kept))
	}
	return b.inner.Handle(c, record)
}

func (b *bounded) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &bounded{inner: b.inner.WithAttrs(attrs), budget: b.budget}
}

func (b *bounded) WithGroup(name string) slog.Handler {
	return &bounded{inner: b.inner.WithGroup(name), budget: b.budget}
}

// take says whether this line may be written, and how many were kept back since the last one that was.
func (b *budget) take(second int64) (kept int, may bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if second != b.second {
		b.second, b.written = second, 0
	}
	if b.written >= linesPerSecond {
		b.kept++
		return 0, false
	}
	b.written++
	kept, b.kept = b.kept, 0
	return kept, true
}
