package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/term"
)

// openOutput returns the output of a format. A live table that is quit ends the run
// through cancel.
func (a *app) openOutput(format, title string, notes *notices, cancel context.CancelCauseFunc) output {
	terminal := term.IsTerminal(a.stdout)
	if format == "auto" {
		format = "ndjson"
		if terminal {
			format = "table"
		}
	}
	switch {
	case format == "ndjson":
		return newNDJSON(a.stdout)
	case format == "csv":
		return newCSV(a.stdout)
	case terminal && a.getenv("TERM") != "dumb":
		return a.openLive(title, notes, cancel)
	}
	return newPlainTable(a.stdout)
}

// liveTable is an output that is redrawn in a terminal.
type liveTable struct {
	live   *term.Live
	out    io.Writer
	notes  *notices
	series map[*publishedSeries]*term.Series
	ended  chan struct{} // closed when the table is gone
	err    error         // why, once ended is closed
}

func (a *app) openLive(title string, notes *notices, cancel context.CancelCauseFunc) output {
	in, closeInput := term.OpenInput(a.stdin)
	t := &liveTable{
		live:   term.NewLive(term.Options{In: in, Out: a.stdout, Environ: a.environ, Title: title}),
		out:    a.stdout,
		notes:  notes,
		series: make(map[*publishedSeries]*term.Series),
		ended:  make(chan struct{}),
	}
	notes.showIn(t.live)
	go func() { // close waits for it
		defer close(t.ended)
		defer closeInput()
		switch err := t.live.Run(); {
		case err == nil:
			cancel(errQuit)
		case errors.Is(err, term.ErrInterrupted):
			cancel(interrupted{os.Interrupt})
		default:
			t.err = err
			cancel(err)
		}
	}()
	return t
}

func (t *liveTable) values(values []publishedValue) error {
	points := make([]term.Point, len(values)) // the table reads them later, on its own time
	for i, v := range values {
		s := t.series[v.series]
		if s == nil {
			s = &term.Series{Label: seriesName(v.series), Metric: printable(v.series.metric), Dimensions: dimensionsText(v.series.dimensions)}
			t.series[v.series] = s
		}
		points[i] = term.Point{Series: s, Time: time.UnixMilli(v.time), Value: v.number.float}
	}
	t.live.Points(points)
	return nil
}

func (t *liveTable) expired(s *publishedSeries) {
	if row := t.series[s]; row != nil {
		t.live.Expired(row)
		delete(t.series, s)
	}
}

// close takes the live table away and leaves its last state as text.
func (t *liveTable) close() error {
	t.live.Stop()
	<-t.ended
	width, height := term.Size(t.out)
	_, err := io.WriteString(t.out, t.live.Final(width, height))
	t.notes.resume()
	return errors.Join(t.err, err)
}
