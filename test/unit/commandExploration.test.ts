import { expect, test } from 'vitest'
import type { AckStatus } from '../../src/shared/fleet/command.schema.ts'
import { type FleetCommand, isFinal } from '../../src/shared/fleet/commandView.schema.ts'
import { type CommandInput, nextDueMs, reduceCommand } from '../../src/main/core/fleet/commandMachine.ts'
import { newCommand } from '../support/commandFixture.ts'

/**
 * One command, one screen and all that can happen between them, in every order, up to these bounds: time in steps of 80 s up to 560 s, one message under way for
 * each status and direction, `trouble` times a loss, a second copy, a crash of the screen's program, a cut of its power, or a broker that forgets everything.
 * Messages arrive in any order, and as late as they like, which a link that is down is a case of. The server may be away for any stretch of time: it has no
 * memory but what is persisted, so that its crash is its absence.
 */
const stepMs = 80_000
const endMs = 560_000
const statuses: readonly AckStatus[] = ['accepted', 'execution_started', 'completed', 'failed']

interface Screen {
  /** What its file says; each change of it is a moment of its own, after which its program may die. */
  readonly kept: 'none' | AckStatus
  readonly bootBefore: number
  readonly keptAtMs: number
  /** Only in the memory of its program: how far it has come since it started. */
  readonly at: 'start' | 'idle' | 'tell accepted' | 'keep started' | 'tell started' | 'call helper' | 'waiting'
  readonly boot: number
  /** Restarts that the helper made for this id. */
  readonly reboots: number
  readonly isOff: boolean
}
interface World {
  readonly nowMs: number
  readonly command: FleetCommand
  readonly wasSent: boolean
  readonly down: boolean
  readonly up: Readonly<Record<AckStatus, boolean>>
  readonly toldCompleted: boolean
  readonly screen: Screen
  readonly trouble: number
}

const nothing: World['up'] = { accepted: false, execution_started: false, completed: false, failed: false }
const input = (world: World, given: CommandInput): World => ({ ...world, command: reduceCommand(world.command, given, world.nowMs).command })
const ack = (status: AckStatus): CommandInput => ({ kind: 'ack', status, ...(status === 'failed' ? { errorCode: 'execution_failed', errorMessage: 'no' } : { errorCode: null, errorMessage: null }) })
const screenOf = (world: World, change: Partial<Screen>): World => ({ ...world, screen: { ...world.screen, ...change } })
const keep = (world: World, kept: AckStatus, change: Partial<Screen> = {}): World => screenOf(world, { ...change, kept, keptAtMs: world.nowMs })
const tell = (world: World, status: AckStatus): World => ({
  ...world, up: { ...world.up, [status]: true }, toldCompleted: world.toldCompleted || status === 'completed',
})

/** What the screen's program does next by itself; nothing while it waits. */
function screenSteps(world: World): World[] {
  const { screen, command } = world
  if (screen.isOff) return []
  const failed = (): World => tell(keep(world, 'failed', { at: 'idle' }), 'failed')
  switch (screen.at) {
    case 'start':
      if (screen.kept === 'accepted') return [failed()]
      if (screen.kept !== 'execution_started') return [screenOf(world, { at: 'idle' })]
      if (screen.boot !== screen.bootBefore) return [tell(keep(world, 'completed', { at: 'idle' }), 'completed')]
      return world.nowMs - screen.keptAtMs > 150_000 ? [failed()] : []
    case 'idle': return []
    case 'tell accepted': return [screenOf(tell(world, 'accepted'), { at: 'keep started' })]
    case 'keep started': return [keep(world, 'execution_started', { at: 'tell started', bootBefore: screen.boot })]
    case 'tell started': return [screenOf(tell(world, 'execution_started'), { at: 'call helper' })]
    case 'call helper': {
      const called = { reboots: screen.reboots + 1 }
      if (command.action === 'shutdown_host') return [tell(keep(world, 'completed', { ...called, at: 'idle', isOff: true }), 'completed'), screenOf(world, { ...called, isOff: true }), failed()]
      // It restarts, the helper fails, or it says yes and nothing happens.
      return [screenOf(world, { ...called, boot: screen.boot + 1, at: 'start' }), failed(), screenOf(world, { at: 'waiting' })]
    }
    case 'waiting': return world.nowMs - screen.keptAtMs > 150_000 ? [failed()] : []
  }
}

function receive(world: World, taken: World): World {
  const { screen, nowMs, command } = world
  if (screen.isOff) return taken
  // Seen before: never done again, only told again.
  if (screen.kept !== 'none') return tell(taken, screen.kept)
  if (nowMs > command.expiresAtMs) return tell(keep(taken, 'failed', { at: 'idle' }), 'failed')
  return keep(taken, 'accepted', { at: 'tell accepted' })
}

function* nextWorlds(world: World): Generator<World> {
  const { command, screen, nowMs } = world
  const hurt = world.trouble > 0 ? { ...world, trouble: world.trouble - 1 } : undefined
  if (nowMs < endMs) {
    // With a server that looks at its clock, and with one that is away.
    yield input({ ...world, nowMs: nowMs + stepMs }, { kind: 'tick' })
    yield { ...world, nowMs: nowMs + stepMs }
  }
  yield input(world, { kind: 'cancel' })
  if (command.state === 'queued') {
    const sent = input(world, { kind: 'sent' })
    yield sent
    if (sent.command.state === 'queued') yield { ...sent, wasSent: true, down: true }
    if (world.wasSent) yield input(world, { kind: 'published' })
  }
  if (world.down) yield receive(world, { ...world, down: false })
  if (world.down && hurt) { yield { ...hurt, down: false }; yield receive(world, hurt) }
  for (const status of statuses) {
    if (!world.up[status]) continue
    yield input({ ...world, up: { ...world.up, [status]: false } }, ack(status))
    if (hurt) { yield { ...hurt, up: { ...world.up, [status]: false } }; yield input(hurt, ack(status)) }
  }
  yield* screenSteps(world)
  if (command.action === 'shutdown_host') yield input(world, { kind: screen.isOff ? 'gone' : 'seen' })
  if (!hurt) return
  if (!screen.isOff) { yield screenOf(hurt, { at: 'start' }); yield screenOf(hurt, { at: 'start', boot: screen.boot + 1 }) }
  yield { ...hurt, down: false, up: nothing }
}

const keyOf = ({ command: { state, times, sentAtMs, goneSinceMs, overdue, endedBy }, screen, ...world }: World): string => JSON.stringify([
  state, isFinal(state) ? 0 : [times.accepted, times.execution_started, goneSinceMs, overdue], sentAtMs === undefined, endedBy,
  world.nowMs, world.wasSent, world.down, statuses.map((status) => world.up[status]), world.toldCompleted, world.trouble,
  screen.kept, screen.kept === 'execution_started' ? [screen.keptAtMs, screen.boot - screen.bootBefore] : 0, screen.at, screen.reboots, screen.isOff,
])

/** Each must hold in each world that can be come to. */
function check(world: World): void {
  const { command, screen, toldCompleted } = world
  if (screen.reboots > 1) throw new Error('the helper was called twice for one id')
  if (command.state === 'completed' && command.endedBy === 'ack' && !toldCompleted) throw new Error('completed, and the screen never said so')
  if (command.state === 'completed' && command.endedBy === 'observed' && !screen.isOff) throw new Error('completed by what was seen, and the screen is on')
  if (command.state === 'completed' && command.action === 'reboot_host' && screen.boot === 0) throw new Error('completed without a restart')
  if (command.state === 'canceled' && (world.wasSent || screen.reboots > 0)) throw new Error('canceled, and it may be carried out')
  if (command.state === 'expired' && command.sentAtMs === undefined && screen.reboots > 0) throw new Error('expired unsent, and carried out')
  const due = nextDueMs(command)
  if (isFinal(command.state) !== (due === undefined)) throw new Error(`${command.state} without a timer`)
  // Whatever is lost from here on: its timers alone end it. Each of them is the last, or the first of two.
  let [rest, at, rounds] = [command, due, 0]
  for (; at !== undefined && rounds < 5; rounds += 1) { rest = reduceCommand(rest, { kind: 'tick' }, Math.max(at, world.nowMs)).command; at = nextDueMs(rest) }
  if (!isFinal(rest.state)) throw new Error(`${command.state} never ends`)
}

function explore(start: World, most: number): { states: number; ends: Set<string> } {
  const seen = new Set([keyOf(start)])
  const ends = new Set<string>()
  let front = [start]
  while (front.length > 0 && seen.size < most) {
    const next: World[] = []
    for (const world of front) {
      for (const after of nextWorlds(world)) {
        if (isFinal(world.command.state) && world.command !== after.command) throw new Error('a final state was left')
        const key = keyOf(after)
        if (seen.has(key)) continue
        check(after)
        seen.add(key)
        if (isFinal(after.command.state)) ends.add(after.command.state)
        next.push(after)
      }
    }
    front = next
  }
  return { states: seen.size, ends }
}

const start = (action: FleetCommand['action'], trouble: number): World => ({
  nowMs: 0, command: newCommand({ action }), wasSent: false, down: false, up: nothing, toldCompleted: false, trouble,
  screen: { kept: 'none', bootBefore: 0, keptAtMs: 0, at: 'idle', boot: 0, reboots: 0, isOff: false },
})

test('whatever is lost, copied, late or out of order, and whoever dies when: every reboot ends, none is done twice, none is completed that was not', { timeout: 120_000 }, () => {
  const { states, ends } = explore(start('reboot_host', 2), 1_000_000)
  expect([...ends].toSorted()).toEqual(['canceled', 'completed', 'expired', 'failed', 'timed_out'])
  expect(states).toBeGreaterThan(50_000)
})

test('the same for a shutdown, which nobody comes back from', { timeout: 120_000 }, () => {
  const { states, ends } = explore(start('shutdown_host', 2), 1_000_000)
  expect([...ends].toSorted()).toEqual(['canceled', 'completed', 'expired', 'failed', 'timed_out'])
  expect(states).toBeGreaterThan(50_000)
})
