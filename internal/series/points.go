package series

// A Sample is one point on its way into a store, or out of it to a live reader.
type Sample struct {
	Series *Series
	Point
	Arrival int64 // when the point arrived, in ms since the epoch; 0: now

	// Distribution is the point of a histogram series. Of other series it is nil, and of
	// this one Value is how many observations there are.
	Distribution *Distribution
}

// Points is a run of raw points of one series, in rising order of time, as columns of
// equal length. Whoever receives one must not change it, nor keep it.
type Points struct {
	Times  []int64 // ms since the epoch
	Values []float64
	Lags   []int32 // arrival minus time, in ms; nil when the source does not know it

	// Every is the distance of each time to the next, in ms, where the source knows that it is
	// always the same, else 0; and First, then, the first time. So whoever wants no more than that
	// need not bring the times into a processor's cache.
	Every, First int64

	Distributions []*Distribution // of a histogram series, else nil; the pointers may be kept
}

// Len returns the number of points.
func (p Points) Len() int { return len(p.Times) }

// Start returns the time of the first point, in ms since the epoch. There must be one.
func (p Points) Start() int64 {
	if p.Every > 0 {
		return p.First
	}
	return p.Times[0]
}

// End returns the time of the last point, in ms since the epoch. There must be one.
func (p Points) End() int64 {
	n := len(p.Times)
	if p.Every > 0 {
		return p.First + int64(n-1)*p.Every
	}
	return p.Times[n-1]
}

// A Range is a stretch of time to read.
type Range struct {
	From, To int64 // ms since the epoch, To exclusive

	// Lookback asks also for the newest point of [From-Lookback, From), if there is one.
	// It comes first. 0: not wanted.
	Lookback int64
}
