import { expectNothingLeftOpen } from './leakCheck.ts'

// Registered before the hooks of the test file, so it looks after the last of them has cleaned up.
// A simulated page keeps timers of its own, and its end is not announced here.
if (!('document' in globalThis)) expectNothingLeftOpen()
