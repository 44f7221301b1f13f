import { Cancelled } from '../../../shared/errors/workbenchError.ts'
import type { CliDeps } from './cliWorkbench.ts'

/** A terminal and a launcher both pass one Ctrl-C on; two within this time are one wish. */
const oneWishMs = 300

export interface SignalSource {
  on(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown
}

/** The first signal is a wish to stop at the next safe point, later ones ask what is waited for. None kills: half an erase is a dead camera. */
export function listenForInterrupts(source: SignalSource, nowMs: () => number): CliDeps['interrupt'] {
  const stop = new AbortController()
  const listeners: (() => void)[] = []
  let lastMs = Number.NEGATIVE_INFINITY
  const heard = (): void => {
    const sinceMs = nowMs() - lastMs
    lastMs = nowMs()
    if (sinceMs < oneWishMs) return
    if (stop.signal.aborted) listeners.forEach((listener) => { listener() })
    else stop.abort(new Cancelled('interrupted from the keyboard'))
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) source.on(name, heard)
  return { signal: stop.signal, onAgain: (listener) => { listeners.push(listener) } }
}
