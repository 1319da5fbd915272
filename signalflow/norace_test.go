//go:build !race

package signalflow

const slowdown = 1
