//go:build race

package signalflow

// slowdown is how much longer the race detector makes things take.
const slowdown = 10
