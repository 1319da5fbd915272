package messages

import "math"

// Codes of information messages (protocol.md 3.4). The set is open.
const (
	JobRunningResolution    = "JOB_RUNNING_RESOLUTION"
	JobDetectedLag          = "JOB_DETECTED_LAG"
	JobInitialMaxDelay      = "JOB_INITIAL_MAX_DELAY"
	JobDetectedResolution   = "JOB_DETECTED_RESOLUTION"
	FindLimitedResultSet    = "FIND_LIMITED_RESULT_SET"
	FindMatchedNoTimeseries = "FIND_MATCHED_NO_TIMESERIES"
	FindMatchedDimensions   = "FIND_MATCHED_DIMENSIONS"
	FetchNumTimeseries      = "FETCH_NUM_TIMESERIES"
	FetchInactiveEmitters   = "FETCH_INACTIVE_EMITTERS"
	IDNumTimeseries         = "ID_NUM_TIMESERIES"
	GroupByMissingProperty  = "GROUPBY_MISSING_PROPERTY"
)

// typedContents gives the contents the type that belongs to the code.
func typedContents(code string, m map[string]interface{}) interface{} {
	switch code {
	case JobRunningResolution:
		return JobRunningResolutionContents(m)
	case JobDetectedLag:
		return JobDetectedLagContents(m)
	case JobInitialMaxDelay:
		return JobInitialMaxDelayContents(m)
	case JobDetectedResolution:
		return JobDetectedResolutionContents(m)
	case FindLimitedResultSet:
		return FindLimitedResultSetContents(m)
	case FindMatchedNoTimeseries:
		return FindMatchedNoTimeseriesContents(m)
	case FindMatchedDimensions:
		return FindMatchedDimensionsContents(m)
	case FetchInactiveEmitters:
		return FetchInactiveEmittersContents(m)
	case GroupByMissingProperty:
		return GroupByMissingPropertyContents(m)
	}
	return m
}

// JobRunningResolutionContents tells the resolution that a computation uses.
type JobRunningResolutionContents map[string]interface{}

// ResolutionMS returns the resolution in milliseconds, 0 when absent.
func (jm JobRunningResolutionContents) ResolutionMS() int { return first(jm.Resolution()) }

// Resolution returns the resolution in milliseconds; ok is false when absent.
func (jm JobRunningResolutionContents) Resolution() (ms int, ok bool) {
	return intMember(jm, "resolutionMs")
}

// JobDetectedLagContents tells the lag found in the input.
type JobDetectedLagContents map[string]interface{}

// LagMS returns the lag in milliseconds, 0 when absent.
func (jm JobDetectedLagContents) LagMS() int { return first(jm.Lag()) }

// Lag returns the lag in milliseconds; ok is false when absent.
func (jm JobDetectedLagContents) Lag() (ms int, ok bool) { return intMember(jm, "lagMs") }

// JobInitialMaxDelayContents tells the max delay at the start.
type JobInitialMaxDelayContents map[string]interface{}

// MaxDelayMS returns the max delay in milliseconds, 0 when absent.
func (jm JobInitialMaxDelayContents) MaxDelayMS() int { return first(jm.MaxDelay()) }

// MaxDelay returns the max delay in milliseconds; ok is false when absent.
func (jm JobInitialMaxDelayContents) MaxDelay() (ms int, ok bool) {
	return intMember(jm, "maxDelayMs")
}

// DeadlineType returns how the max delay was chosen, such as "AUTOMATIC"; ok is
// false when absent.
func (jm JobInitialMaxDelayContents) DeadlineType() (kind string, ok bool) {
	kind, ok = jm["deadlineType"].(string)
	return kind, ok
}

// JobDetectedResolutionContents tells that the input is coarser than what was
// asked for.
type JobDetectedResolutionContents map[string]interface{}

// Detected returns the native resolution of the input in milliseconds; ok is
// false when absent.
func (jm JobDetectedResolutionContents) Detected() (ms int, ok bool) {
	return intMember(jm, "detectedResolutionMs")
}

// Original returns the resolution that was asked for in milliseconds; ok is false
// when absent.
func (jm JobDetectedResolutionContents) Original() (ms int, ok bool) {
	return intMember(jm, "originalResolutionMs")
}

// FindLimitedResultSetContents tells that a query matched more series than a
// limit allows.
type FindLimitedResultSetContents map[string]interface{}

// MatchedSize returns how many series matched, 0 when absent.
func (jm FindLimitedResultSetContents) MatchedSize() int { return first(jm.Matched()) }

// LimitSize returns how many series are used, 0 when absent.
func (jm FindLimitedResultSetContents) LimitSize() int { return first(jm.Limit()) }

// Matched returns how many series matched; ok is false when absent.
func (jm FindLimitedResultSetContents) Matched() (n int, ok bool) {
	return intMember(jm, "matchedSize")
}

// Limit returns how many series are used; ok is false when absent.
func (jm FindLimitedResultSetContents) Limit() (n int, ok bool) {
	return intMember(jm, "limitSize")
}

// FindMatchedNoTimeseriesContents tells that a query matched nothing.
type FindMatchedNoTimeseriesContents map[string]interface{}

// MatchedNoTimeseriesQuery returns the query, "" when absent.
func (jm FindMatchedNoTimeseriesContents) MatchedNoTimeseriesQuery() string {
	return first(jm.Query())
}

// Query returns the query; ok is false when absent.
func (jm FindMatchedNoTimeseriesContents) Query() (query string, ok bool) {
	query, ok = jm["query"].(string)
	return query, ok
}

// FindMatchedDimensionsContents counts the sets of dimensions of matched series.
type FindMatchedDimensionsContents map[string]interface{}

// DimensionCount is a set of dimension names and how many series have it.
type DimensionCount struct {
	Count      int
	Dimensions []string
}

// DimensionCounts returns the sets; ok is false when they are absent or one of
// them has another shape.
func (jm FindMatchedDimensionsContents) DimensionCounts() (sets []DimensionCount, ok bool) {
	list, ok := jm["dimensionCounts"].([]interface{})
	for _, v := range list {
		object, isObject := v.(map[string]interface{})
		n, hasCount := intMember(object, "count")
		names, hasNames := stringsMember(object, "dimensions")
		if !isObject || !hasCount || !hasNames {
			return nil, false
		}
		sets = append(sets, DimensionCount{Count: n, Dimensions: names})
	}
	return sets, ok
}

// FetchInactiveEmittersContents tells that some series stopped reporting.
type FetchInactiveEmittersContents map[string]interface{}

// MaxExtrapolations returns how many values are made up for a silent series, -1
// for no limit; ok is false when absent.
func (jm FetchInactiveEmittersContents) MaxExtrapolations() (n int, ok bool) {
	return intMember(jm, "maxExtrapolations")
}

// NumInactiveMembers returns how many series are silent; ok is false when absent.
func (jm FetchInactiveEmittersContents) NumInactiveMembers() (n int, ok bool) {
	return intMember(jm, "numInactiveMembers")
}

// GroupByMissingPropertyContents tells that some series lack a grouping property.
type GroupByMissingPropertyContents map[string]interface{}

// GroupByMissingProperties returns the names of the properties, nil when absent.
func (jm GroupByMissingPropertyContents) GroupByMissingProperties() []string {
	return first(jm.PropertyNames())
}

// PropertyNames returns the names of the properties; ok is false when they are
// absent or not all strings.
func (jm GroupByMissingPropertyContents) PropertyNames() (names []string, ok bool) {
	return stringsMember(jm, "propertyNames")
}

func first[T any](v T, _ bool) T { return v }

// intMember reads an integer that came from JSON or was put in by a Go program.
func intMember(m map[string]interface{}, name string) (int, bool) {
	switch v := m[name].(type) {
	case float64:
		if v == math.Trunc(v) && v >= math.MinInt && v < -math.MinInt {
			return int(v), true
		}
	case int:
		return v, true
	case int64:
		return int(v), int64(int(v)) == v
	}
	return 0, false
}

// stringsMember reads a list of strings that came from JSON or was put in by a Go
// program.
func stringsMember(m map[string]interface{}, name string) ([]string, bool) {
	switch v := m[name].(type) {
	case []string:
		return v, true
	case []interface{}:
		list := make([]string, 0, len(v))
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			list = append(list, s)
		}
		return list, true
	}
	return nil, false
}
