package eval

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// dict is a dict, which never changes once it is built (language.md 2.11). Its entries are
// in the order of their first keys.
type dict struct {
	entries []entry
	index   map[any]int // of entries, by hash of the key
}

type entry struct{ key, value value }

// hash returns what is equal for equal keys, and whether a value can be a key: None,
// booleans, numbers, texts, durations, and tuples of them.
func hash(v value) (key any, ok bool) {
	switch v := v.(type) {
	case none, boolean, integer, text, duration:
		return v, true
	case float:
		if f := float64(v); f == math.Trunc(f) && math.Abs(f) < 1<<63 {
			return integer(f), true
		}
		return v, true
	case tuple:
		// A tuple is a chain of pairs: its hash has the hash of the rest in it.
		type pair struct{ head, tail any }
		var tail any
		for i := len(v) - 1; i >= 0; i-- {
			head, ok := hash(v[i])
			if !ok {
				return nil, false
			}
			tail = pair{head, tail}
		}
		return pair{tail: tail}, true
	}
	return nil, false
}

// set adds a pair; the later of two with the same key wins. It reports whether the key can
// be one.
func (d *dict) set(key, v value) bool {
	h, ok := hash(key)
	if !ok {
		return false
	}
	if i, ok := d.index[h]; ok {
		d.entries[i].value = v
		return true
	}
	if d.index == nil {
		d.index = map[any]int{}
	}
	d.index[h] = len(d.entries)
	d.entries = append(d.entries, entry{key, v})
	return true
}

// get returns the value of a key.
func (d *dict) get(key value) (value, bool) {
	h, ok := hash(key)
	if !ok {
		return nil, false
	}
	i, ok := d.index[h]
	if !ok {
		return nil, false
	}
	return d.entries[i].value, true
}

// dict evaluates a dict display.
func (ev *evaluator) dict(x *syntax.Dict) (value, *syntax.Error) {
	d := &dict{}
	for _, e := range x.Entries {
		key, err := ev.operand(e.Key)
		if err != nil {
			return nil, err
		}
		v, err := ev.expr(e.Value)
		if err != nil {
			return nil, err
		}
		if err := ev.spendValue(key.value, e.Key); err != nil {
			return nil, err
		}
		if !d.set(key.value, v) {
			return nil, ev.noKey(key)
		}
	}
	return d, ev.spendElements(len(d.entries), x)
}

func (ev *evaluator) noKey(key operand) *syntax.Error {
	return ev.errorf(syntax.TypeError, key.at, "a %s cannot be the key of a dict", key.typeName())
}

// item returns the value of a key.
func (ev *evaluator) item(d *dict, key operand) (value, *syntax.Error) {
	if err := ev.spendValue(key.value, key.at); err != nil {
		return nil, err
	}
	if v, ok := d.get(key.value); ok {
		return v, nil
	}
	if _, ok := hash(key.value); !ok {
		return nil, ev.noKey(key)
	}
	shown, err := ev.repr(key)
	if err != nil {
		return nil, err
	}
	missing := ev.errorf(syntax.ArgumentError, key.at, "the dict has no key %s", shown)
	if name, ok := key.value.(text); ok {
		var names []string
		for _, e := range d.entries {
			if t, ok := e.key.(text); ok {
				names = append(names, string(t))
			}
		}
		if near := spell.Nearest(string(name), names); near != "" {
			missing = missing.WithHint("did you mean '%s'?", near)
		}
	}
	return nil, missing
}
