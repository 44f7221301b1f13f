import type { Services, UnitState } from '../../../../shared/devices/services.ts'
import { type Clock, withDeadline } from '../../../../shared/lifecycle/clock.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type UpdaterCode, updaterFault } from '../../../../shared/ota/updaterFault.ts'

export const unitLimits = { pollMs: 500, stopMs: 10_000, startMs: 30_000, steadyMs: 5_000, healthMs: 30_000, commandMs: 30_000 } as const

export interface UnitDeps {
  readonly services: Services
  readonly clock: Clock
}

const isStopped = (state: UnitState): boolean => state === 'inactive' || state === 'failed' || state === 'unknown'

/** The last started first. One that does not stop ends it, and nothing has been touched by then. */
export async function stopUnits(units: readonly string[], deps: UnitDeps, signal: AbortSignal): Promise<void> {
  for (const unit of units.toReversed()) {
    // A unit that a package brings for the first time is not there to be stopped.
    if (isStopped(await deps.services.state(unit, signal))) continue
    await asked('STOP', `${unit} could not be stopped`, async () => deps.services.stop(unit, signal), signal)
    const state = await reached(unit, isStopped, unitLimits.stopMs, deps, signal)
    if (!isStopped(state)) throw updaterFault('SERVICE_STOP_TIMEOUT', `${unit} is still ${state} ${unitLimits.stopMs / 1000} s after it was told to stop`, { context: { unit }, hint: 'Look at what keeps it from ending' })
  }
}

export async function startUnits(units: readonly string[], deps: UnitDeps, signal: AbortSignal): Promise<void> {
  for (const unit of units) {
    await asked('START', `${unit} did not start`, async () => deps.services.start(unit, signal), signal)
    const state = await reached(unit, (now) => now === 'active' || now === 'failed', unitLimits.startMs, deps, signal)
    if (state === 'failed') throw updaterFault('SERVICE_START_FAILED', `${unit} failed as it started`, { context: { unit } })
    if (state !== 'active') throw updaterFault('SERVICE_START_TIMEOUT', `${unit} is ${state} and not active ${unitLimits.startMs / 1000} s after it was started`, { context: { unit } })
  }
}

/** `undefined`: all of them were active for five seconds without a break, within thirty. Otherwise what is wrong. */
export async function sicknessOf(units: readonly string[], { services, clock }: UnitDeps, signal: AbortSignal): Promise<string | undefined> {
  if (units.length === 0) return undefined
  const endMs = clock.nowMs() + unitLimits.healthMs
  let wellSinceMs: number | undefined
  let said = ''
  let failedBefore = false
  for (;;) {
    const states = await Promise.all(units.map(async (unit) => ({ unit, state: await services.state(unit, signal) })))
    const sick = states.filter(({ state }) => state !== 'active')
    const nowMs = clock.nowMs()
    if (sick.length > 0) { wellSinceMs = undefined; said = sick.map(({ unit, state }) => `${unit} is ${state}`).join(', ') } else wellSinceMs ??= nowMs
    if (wellSinceMs !== undefined && nowMs - wellSinceMs >= unitLimits.steadyMs) return undefined
    // systemd calls a unit failed only when it will not try again by itself; a second look makes sure.
    const isFailed = sick.some(({ state }) => state === 'failed')
    if (isFailed && failedBefore) return said
    failedBefore = isFailed
    if (nowMs >= endMs) return said === '' ? 'the services were not watched long enough' : `${said} and not active for ${unitLimits.steadyMs / 1000} s within ${unitLimits.healthMs / 1000} s`
    await clock.sleep(unitLimits.pollMs, signal)
  }
}

/** Commands that a package brings; each has to end well in time. */
export async function runCommands(commands: readonly string[], { services, clock }: UnitDeps, signal: AbortSignal): Promise<void> {
  for (const command of commands) {
    const shown = JSON.stringify(command.slice(0, 100))
    try {
      const { exitCode, said } = await withDeadline(clock, unitLimits.commandMs, `The command ${shown}`, signal, async (within) => services.runCommand(command, within))
      if (exitCode !== 0) throw updaterFault('POST_CMD_FAILED', `the command ${shown} ended with ${exitCode}: ${said.slice(0, 200)}`, { context: { exitCode } })
    } catch (error) {
      if (error instanceof WorkbenchError && error.code === 'link/timeout') throw updaterFault('POST_CMD_TIMEOUT', `the command ${shown} did not end within ${unitLimits.commandMs / 1000} s`, { cause: error })
      throw error
    }
  }
}

async function asked(verb: 'STOP' | 'START', what: string, ask: () => Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await ask()
  } catch (cause) {
    signal.throwIfAborted()
    // A lost line says nothing about a service.
    if (!(cause instanceof WorkbenchError) || (cause.code !== 'device/refused' && cause.code !== 'link/timeout')) throw cause
    const code: UpdaterCode = cause.code === 'link/timeout' ? `SERVICE_${verb}_TIMEOUT` : `SERVICE_${verb}_FAILED`
    throw updaterFault(code, `${what}: ${cause.message}`, { cause })
  }
}

async function reached(unit: string, isThere: (state: UnitState) => boolean, limitMs: number, { services, clock }: UnitDeps, signal: AbortSignal): Promise<UnitState> {
  const endMs = clock.nowMs() + limitMs
  for (;;) {
    const state = await services.state(unit, signal)
    if (isThere(state) || clock.nowMs() >= endMs) return state
    await clock.sleep(unitLimits.pollMs, signal)
  }
}
