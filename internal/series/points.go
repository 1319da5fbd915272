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
// equal length. Whoever receives one must not change it, nor keep it unless it is lasting.
type Points struct {
	Times  []int64 // ms since the epoch
	Values []float64
	Lags   []int32 // arrival minus time, in ms; nil when the source does not know it

	// Every is the distance of each time to the next, in ms, where the source knows that it is
	// always the same; else 0. With it nobody has to read the times.
	Every int64

	// Lasting says that the columns stay as they are for as long as somebody has them.
	Lasting bool

	Distributions []*Distribution // of a histogram series, else nil; the pointers may be kept
}

// Len returns the number of points.
func (p Points) Len() int { return len(p.Times) }

// Slice returns the points i to j, j exclusive.
func (p Points) Slice(i, j int) Points {
	q := Points{Times: p.Times[i:j], Values: p.Values[i:j], Every: p.Every, Lasting: p.Lasting}
	if p.Lags != nil {
		q.Lags = p.Lags[i:j]
	}
	if p.Distributions != nil {
		q.Distributions = p.Distributions[i:j]
	}
	return q
}

// A Range is a stretch of time to read.
type Range struct {
	From, To int64 // ms since the epoch, To exclusive

	// Lookback asks also for the newest point of [From-Lookback, From), if there is one.
	// It comes first. 0: not wanted.
	Lookback int64
}
