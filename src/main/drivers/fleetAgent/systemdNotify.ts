import { spawn } from 'node:child_process'
import { reasonOf } from '../errors/reasonOf.ts'

/** systemd wants to hear from us within WatchdogSec. Where it does not say so, this is often enough for the 60 s of our unit. */
const usualMs = 20_000
const callLimitMs = 10_000

export interface SystemdNotify {
  /** Something listens: we run as a service of the type notify. */
  readonly isListening: boolean
  /** How often the main loop has to come round. */
  readonly everyMs: number
  ready(): void
  /** Says that the main loop lives, unless it said so just now. */
  alive(): void
  stopping(): void
}

export interface NotifyOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly nowMs: () => number
  readonly log: (line: string) => void
  /** Of systemd; the socket is one of datagrams, which Node cannot open. */
  readonly program?: string | undefined
}

export function createSystemdNotify({ environment, nowMs, log, program = 'systemd-notify' }: NotifyOptions): SystemdNotify {
  const socket = environment['NOTIFY_SOCKET']
  const isListening = socket !== undefined && socket !== ''
  const everyMs = roundMs(environment['WATCHDOG_USEC'])
  let saidMs = Number.NEGATIVE_INFINITY
  const say = (...words: readonly string[]): void => {
    if (!isListening) return
    const child = spawn(program, words, { stdio: 'ignore', env: { PATH: environment['PATH'], NOTIFY_SOCKET: socket }, timeout: callLimitMs, killSignal: 'SIGKILL' })
    child.on('error', (error) => { log(`${program} cannot be started (${reasonOf(error)}): systemd will take this service for a dead one`) })
    child.on('exit', (code) => { if (code !== 0) log(`${program} ${words.join(' ')} ended with ${code ?? 'a signal'}`) })
    // It is told and gone within moments, and nobody waits for it.
    child.unref()
  }
  return {
    isListening, everyMs,
    ready: () => { saidMs = nowMs(); say('READY=1', 'WATCHDOG=1') },
    alive: () => {
      // A busy loop comes round more often than anybody wants to hear.
      if (nowMs() - saidMs < everyMs / 2) return
      saidMs = nowMs()
      say('WATCHDOG=1')
    },
    stopping: () => { say('STOPPING=1') },
  }
}

/** A third of what systemd allows, so that one lost word is no death. */
function roundMs(microseconds: string | undefined): number {
  const allowedMs = Number(microseconds) / 1000
  return allowedMs > 0 ? Math.min(usualMs, allowedMs / 3) : usualMs
}
