//go:build !race

package signalflow

const slowdown = 1

const soakCut = 1
