import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { downloadModeBanner } from '../../protocols/uboot/commandFrames.ts'
import { findPrompt } from '../../protocols/uboot/commandLine.ts'
import { createFramedSession } from './framedSession.ts'
import { askAgain, controlC, createUbootSession, type UbootSession, withTail } from './ubootSession.ts'
import type { WorkConsole } from './workConsole.ts'

/** Only 0x03 stops autoboot in the builds since 2023; older ones take any key, and 0x03 is one. */
const knockEveryMs = 100

export interface EnterOptions {
  readonly console: WorkConsole
  readonly clock: Clock
  readonly newToken: () => string
  /** How long a prompt may take, from now. */
  readonly limitMs: number
}

/** Resolves with a session that has answered once. `autobootMissed` in the error's context: Linux is starting instead. */
export async function enterUboot(options: EnterOptions, parent: AbortSignal): Promise<UbootSession> {
  const { console, clock } = options
  const text = new TextDecoder('latin1')
  let received = ''
  const found = await withDeadline(clock, options.limitMs, 'U-Boot prompt', parent, async (signal) => {
    const over = new AbortController()
    const knocking = knock(console, clock, AbortSignal.any([signal, over.signal]), () => received.includes(downloadModeBanner))
    try {
      for (;;) {
        const chunk = await Promise.race([console.read(signal), knocking])
        if (!chunk) throw new WorkbenchError('link/closed', 'The console closed before U-Boot answered', withTail(console))
        received = (received + text.decode(chunk)).slice(-16_384)
        if (received.includes(downloadModeBanner)) return { mode: 'framed' } as const
        if (/Starting kernel|Linux version \d/.test(received)) {
          throw new WorkbenchError('device/no-answer', 'The camera started Linux before U-Boot could be stopped', {
            context: { ...withTail(console).context, autobootMissed: true }, hint: 'Start the job again; the window for stopping it is about a second',
          })
        }
        const prompt = findPrompt(received)
        if (prompt !== undefined) return { mode: 'shell', prompt } as const
      }
    } finally {
      over.abort()
      await knocking.catch(() => undefined)
    }
  }).catch((error: unknown): never => {
    if (!(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
    throw new WorkbenchError('device/no-answer', `No U-Boot prompt within ${Math.round(options.limitMs / 1000)} s`, {
      cause: error, context: { ...withTail(console).context, receivedBytes: received.length },
      hint: received === '' ? 'The console is silent: check power and UART wiring' : 'The console tail shows what it said instead',
    })
  })
  if (found.mode === 'framed') return createFramedSession({ console, clock })
  // The knocks made many prompts. Most are dropped here; a late one does no harm, because answers end in a marker of their own.
  await console.discardInput(parent)
  const session = createUbootSession({ console, clock, newToken: options.newToken, prompt: found.prompt })
  await askAgain(3, parent, async () => session.run('echo ready', { limitMs: 5_000 }, parent))
  return session
}

async function knock(console: WorkConsole, clock: Clock, signal: AbortSignal, enough: () => boolean): Promise<never> {
  for (;;) {
    // In download-command mode a stray byte inside a frame would be taken for data.
    if (!enough()) await console.write(controlC, signal)
    await clock.sleep(knockEveryMs, signal)
  }
}
