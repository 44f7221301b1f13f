import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { exchangeOverHttp, type HttpExchange } from '../http/httpExchange.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

const answerLimitMs = 10_000

export interface PowerHttpDeps {
  /** "the Tasmota at 10.0.0.3:80": begins no sentence. */
  readonly label: string
  readonly clock: Clock
  readonly exchange?: HttpExchange | undefined
}

export interface PowerAnswer {
  readonly status: number
  /** All of it as it came; for messages use `shown`. */
  readonly text: string
}

/** GET with a limit. The address stays out of every message: it may carry a password. */
export type PowerGet = (what: string, url: URL, signal: AbortSignal, limitMs?: number) => Promise<PowerAnswer>

export function createPowerHttp({ label, clock, exchange = exchangeOverHttp }: PowerHttpDeps): PowerGet {
  return async (what, url, signal, limitMs = answerLimitMs) => {
    let connected = false
    const noAnswer = (why: string, cause?: unknown): WorkbenchError => (connected
      ? new WorkbenchError('link/closed', `${what}: ${label} broke off: ${why}`, { hint: 'Look at the device: it may have restarted', cause })
      : new WorkbenchError('link/unreachable', `${what}: ${label} cannot be reached: ${why}`, { hint: 'Is it on, and is the address right?', cause }))
    try {
      const { status, body, cut } = await withDeadline(clock, limitMs, `${what}: ${label}`, signal, async (limited) =>
        exchange({ method: 'GET', url, headers: {}, onConnected: () => { connected = true } }, limited))
      if (cut) throw new WorkbenchError('link/garbled', `${what}: ${label} answered without end`, { hint: 'Check the address and the port' })
      return { status, text: new TextDecoder().decode(body) }
    } catch (error) {
      if (signal.aborted) throw error
      if (error instanceof WorkbenchError) {
        if (error.code !== 'link/timeout' || connected) throw error
        throw noAnswer(`no answer within ${limitMs / 1000} s`)
      }
      if (errnoOf(error)?.startsWith('HPE_')) throw new WorkbenchError('link/garbled', `${what}: ${label} does not speak HTTP`, { hint: 'Check the address and the port' })
      throw noAnswer(reasonOf(error), error)
    }
  }
}
