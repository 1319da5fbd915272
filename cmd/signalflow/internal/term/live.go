package term

import (
	"errors"
	"fmt"
	"io"
	"os"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	charm "github.com/charmbracelet/x/term"
)

// ErrInterrupted is returned by Live.Run when Ctrl-C was pressed: in a terminal that is
// read key by key it is a key, not a signal.
var ErrInterrupted = errors.New("interrupted")

// Options configures a Live table.
type Options struct {
	In      *os.File  // a terminal, for keys; nil: no keys
	Out     io.Writer // a terminal
	Environ []string  // TERM, NO_COLOR and the like
	Title   string
}

// Live is a table in a terminal. The methods that change it may be called from any
// goroutine while Run runs, and block until Run has taken the change; once Run has
// returned they do nothing.
type Live struct {
	program *tea.Program
	model   *model
}

// NewLive returns a table; Run shows it.
func NewLive(o Options) *Live {
	m := &model{table: newTable(), title: o.Title, styles: coloured(), keys: o.In != nil}
	m.width, m.height = Size(o.Out)
	options := []tea.ProgramOption{
		tea.WithOutput(o.Out), tea.WithEnvironment(o.Environ),
		tea.WithoutSignalHandler(), // signals belong to the command
		tea.WithFPS(20),
		tea.WithWindowSize(m.width, m.height),
		tea.WithFilter(anySize),
	}
	if o.In == nil {
		options = append(options, tea.WithInput(nil))
	} else {
		options = append(options, tea.WithInput(o.In))
	}
	return &Live{program: tea.NewProgram(m, options...), model: m}
}

// Run shows the table until q is pressed (nil), Ctrl-C is pressed (ErrInterrupted), or
// Stop is called (nil). The terminal is as before when it returns.
func (l *Live) Run() error {
	_, err := l.program.Run()
	switch {
	case l.model.interrupted:
		return ErrInterrupted
	case err != nil:
		return fmt.Errorf("show the table: %w", err)
	}
	return nil
}

// Stop ends Run. It may be called before Run, too.
func (l *Live) Stop() { l.program.Quit() }

// Points adds values.
func (l *Live) Points(points []Point) { l.program.Send(points) }

// Expired removes the row of a series.
func (l *Live) Expired(s *Series) { l.program.Send(expired{s}) }

// Notice shows a text below the table.
func (l *Live) Notice(text string) { l.program.Send(notice(text)) }

// Final returns the table as text without colours and control sequences, at most width
// cells wide, for when the live one is gone. Call it after Run has returned.
func (l *Live) Final(width, height int) string {
	rows := l.model.table.order()
	if len(rows) == 0 {
		return ""
	}
	text := ""
	for _, line := range l.model.table.body(rows, width, height, styles{}) {
		text += line + "\n"
	}
	return text
}

// anySize gives a terminal that reports no size a usable one.
func anySize(_ tea.Model, msg tea.Msg) tea.Msg {
	if size, ok := msg.(tea.WindowSizeMsg); ok {
		size.Width, size.Height = orDefault(size.Width, size.Height)
		return size
	}
	return msg
}

type (
	expired struct{ series *Series }
	notice  string
)

// model is the state of a Live; only the event loop touches it.
type model struct {
	table         *table
	title         string
	styles        styles
	keys          bool
	width, height int
	paused        bool
	frozen        string // what is shown while paused
	interrupted   bool
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return nil }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		if m.paused {
			m.frozen = m.frame()
		}
	case []Point:
		for _, p := range msg {
			m.table.add(p)
		}
	case expired:
		m.table.expire(msg.series)
	case notice:
		m.table.notice(string(msg))
	case tea.KeyPressMsg:
		return m, m.key(msg.String())
	}
	return m, nil
}

func (m *model) key(name string) tea.Cmd {
	switch name {
	case "q", "esc":
		return tea.Quit
	case "ctrl+c":
		m.interrupted = true
		return tea.Quit
	case "ctrl+z":
		return tea.Suspend
	case "p", "space":
		m.paused = !m.paused
		m.frozen = m.frame()
	}
	return nil
}

// View implements tea.Model.
func (m *model) View() tea.View {
	content := m.frozen
	if !m.paused {
		content = m.frame()
	}
	v := tea.NewView(content)
	v.AltScreen = true
	return v
}

func (m *model) frame() string {
	return m.table.render(m.title, m.footer(), m.width, m.height, m.styles)
}

func (m *model) footer() string {
	footer := ""
	if !m.table.last.IsZero() {
		footer = m.table.last.Format("15:04:05") + "  "
	}
	footer += fmt.Sprintf("%d series", len(m.table.rows))
	switch {
	case m.paused:
		footer += "  paused, p goes on"
	case m.keys:
		footer += "  p pause  q quit"
	}
	return footer
}

// styles say how the parts look. The zero value leaves text as it is.
type styles struct{ title, heading, trend, notice, faint lipgloss.Style }

func coloured() styles {
	return styles{
		title:   lipgloss.NewStyle().Bold(true),
		heading: lipgloss.NewStyle().Bold(true).Faint(true),
		trend:   lipgloss.NewStyle().Foreground(lipgloss.Cyan),
		notice:  lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		faint:   lipgloss.NewStyle().Faint(true),
	}
}

// IsTerminal reports whether a reader or writer is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(charm.File)
	return ok && charm.IsTerminal(f.Fd())
}

// Size returns the width and height of a terminal in cells, 80 and 24 when it does not tell.
func Size(stream any) (width, height int) {
	if f, ok := stream.(charm.File); ok {
		width, height, _ = charm.GetSize(f.Fd()) // zeros on an error
	}
	return orDefault(width, height)
}

// orDefault stands in for a size that a terminal does not tell.
func orDefault(width, height int) (int, int) {
	if width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// OpenInput returns a terminal to read keys from: in when it is one, else the terminal of
// the process. The second result closes what was opened. Without a terminal it is nil.
func OpenInput(in io.Reader) (*os.File, func()) {
	if f, ok := in.(*os.File); ok && IsTerminal(f) {
		return f, func() {}
	}
	tty, out, err := tea.OpenTTY()
	if err != nil {
		return nil, func() {}
	}
	return tty, func() {
		tty.Close()
		if out != tty {
			out.Close()
		}
	}
}
