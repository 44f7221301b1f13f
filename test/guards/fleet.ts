import type { Guard } from './guard.ts'

const core = 'src/main/core/fleet'
const service = { project: 'integration', tests: 'test/integration/fleet/commandService.test.ts' } as const
const brokers = { project: 'integration', tests: 'test/contract/brokers.test.ts' } as const
const page = { file: 'src/renderer/features/fleet/IssueDialog.vue', project: 'integration', tests: 'test/web/fleet.test.ts' } as const
const lone = { project: 'integration', tests: 'test/integration/fleet/loneEscalation.test.ts' } as const
const group = { project: 'integration', tests: 'test/integration/fleet/groupCommit.test.ts' } as const
const guests = { file: 'src/main/composition/fleetKeeper.ts', project: 'integration', tests: 'test/integration/fleet/demoScreens.test.ts' } as const
const policy = { file: `${core}/policy.ts`, project: 'unit', tests: `${core}/policy.test.ts` } as const

/** What keeps a command from having no end, from being done twice, and from being said to be done when it is not. */
export const fleetGuards: readonly Guard[] = [
  { says: 'a final state is final', file: `${core}/commandMachine.ts`, ...service, named: '4.13 ack completed', find: "if (isFinal(command.state)) return { command, steps: [], ...(input.kind === 'ack'", replace: "if (command.state === 'queued' && isFinal(command.state)) return { command, steps: [], ...(input.kind === 'ack'" },
  { says: 'what is begun and not heard of again ends', file: `${core}/commandMachine.ts`, ...service, named: '4.13 ack completed', find: 'if (elapsed > reconnectCeilingMs) return', replace: 'if (elapsed < 0) return' },
  { says: 'what nobody takes expires', file: `${core}/commandMachine.ts`, ...service, named: '4.14 no ack', find: 'nowMs >= command.expiresAtMs ?', replace: 'nowMs < 0 ?' },
  { says: 'what was handed over is not canceled', file: `${core}/commandMachine.ts`, ...service, named: 'a queued command can be canceled', find: "command.state === 'queued' && command.sentAtMs === undefined ?", replace: "command.state === 'queued' ?" },
  { says: 'a host that shows itself was not switched off', file: `${core}/commandMachine.ts`, ...service, named: 'a shutdown whose host was seen to go', find: "const { goneSinceMs: _over, ...rest } = command\n  return { command: rest,", replace: 'return { command,' },
  { says: 'an ack of another client moves nothing', file: `${core}/ackIntake.ts`, ...service, named: 'an ack of the wrong client', find: 'if (command.clientUuid !== clientUuid) {', replace: "if (command.clientUuid === '') {" },
  { says: 'a kept ack is from some other time', file: `${core}/ackIntake.ts`, ...service, named: 'a replayed retained ack', find: 'if (retain) {', replace: 'if (retain === undefined) {' },
  { says: 'a message whose time is over is not sent', file: `${core}/publisher.ts`, ...service, named: 'a message whose time on the wire is over', find: 'clock.wallMs() >= found.expiresWallMs ?', replace: 'clock.wallMs() < 0 ?' },
  { says: 'the wall clock moves no timer', file: `${core}/steadyTime.ts`, ...service, named: 'the wall clock jumps by a day', find: 'return () => wallMs + (clock.nowMs() - fromMs)', replace: 'return () => (fromMs < 0 ? wallMs : clock.wallMs())' },
  { says: 'the lockout stops the fourth', file: `${core}/issuing.ts`, ...service, named: '4.16 and 4.17', find: 'const kept: FleetCommand = retryAfterS === undefined ?', replace: 'const kept: FleetCommand = retryAfterS !== null ?' },
  { says: 'one open command of an action for each client', file: `${core}/issuing.ts`, ...service, named: '4.32 a second command', find: 'if (same) throw', replace: 'if (same && same.id === action) throw' },
  { says: 'a slot is free after 900 s, and not before', ...policy, named: '4.16 reboots at', find: 'each.issuedAtMs > nowMs - lockoutWindowMs', replace: 'each.issuedAtMs > nowMs - lockoutWindowMs + 2_000' },
  { says: 'no power cycle without a rule', ...policy, named: '4.19 escalation', find: 'if (!powerCycleAllowed) return', replace: 'if (powerCycleAllowed === undefined) return' },
  { says: 'a power cycle is kept before it is begun', file: `${core}/escalateClient.ts`, ...service, named: 'two that escalate at once', find: '  store.addEscalation(step)\n  return { decided, step }', replace: '  return { decided, step }' },
  { says: 'one power cycle for one command', file: `${core}/escalateClient.ts`, ...service, named: '4.19 escalation', find: "since?.hadCycle === true ? 'power_cycle'", replace: "since?.outcome === 'verified' ? 'power_cycle'" },
  { says: 'nothing is switched while a command is under way', file: `${core}/escalateClient.ts`, ...service, named: 'a power cycle that was refused', find: 'open: true, limit: 1 }).length > 0)', replace: 'open: true, limit: 1 }).length > 1)' },
  { says: 'a server that was away has heard no silence', file: `${core}/loneEscalation.ts`, ...lone, named: 'a server that was away', find: 'if (nowMs - listeningSinceMs <= silentAfterMs) return', replace: 'if (nowMs < 0) return' },
  { says: 'an old loss is let be', file: `${core}/loneEscalation.ts`, ...lone, named: 'one after the other', find: 'nowMs - (command.times.timed_out ?? -Infinity) > freshMs', replace: 'nowMs < 0' },
  { says: 'one power after the other', file: `${core}/loneEscalation.ts`, ...lone, named: 'one after the other', find: 'if (underWay || nowMs', replace: 'if (nowMs' },
  { says: 'nothing is switched by itself without its rule', file: 'src/main/drivers/storage/fleet/sqliteFleet.ts', ...lone, named: 'never by itself', find: "json_extract(json, '$.escalatesAlone') = 1", replace: "json_extract(json, '$.escalatesAlone') >= 0" },
  { says: 'nothing is told before it is kept', file: `${core}/ledger.ts`, ...group, named: 'in one piece', find: 'if (later) later.push(tell); else tell()', replace: 'tell()' },
  { says: 'what came in one piece is kept as one', file: `${core}/commandService.ts`, ...group, named: 'one of them that cannot be kept', find: 'ledger.together(() => { for (const message of messages) receive(message) })', replace: 'for (const message of messages) receive(message)' },
  { says: 'a command that the lockout keeps is no success', file: 'src/main/hosts/web/commandDoor.ts', project: 'integration', tests: 'test/integration/hosts/fleetDoor.test.ts', named: '4.17', find: "if (command?.state !== 'blocked') return output", replace: 'if (command !== undefined) return output' },
  { says: 'an outlet that feeds others is not switched for one client', file: 'src/main/composition/clientPower.ts', project: 'integration', tests: 'test/integration/fleet/clientPower.test.ts', named: 'only by capability', find: 'if (neighbours.length > 0) return', replace: 'if (neighbours.length > 9) return' },
  { says: 'one camera is the power of one client', file: 'src/main/composition/setFleetClient.ts', project: 'integration', tests: 'test/integration/fleet/fleetRoutes.test.ts', named: 'is bound to a camera', find: 'if (owner) throw', replace: 'if (owner?.uuid === uuid) throw' },
  { says: 'more than 5 % stops, 5 % does not', ...policy, named: '4.20 19 ok', find: 'isTriggered: ratio > canaryMostRatio', replace: 'isTriggered: ratio >= canaryMostRatio' },
  { says: 'a bulk run wants the words of its preview', file: `${core}/bulkRuns.ts`, project: 'integration', tests: 'test/integration/fleet/bulkRuns.test.ts', named: 'wants the words of its preview', find: 'if (confirmation !== confirmationOf(action, unique.length)) {', replace: "if (confirmation === '') {" },
  { says: 'the window starts a bulk run by its very words', ...page, named: 'many at once', find: 'typed.value.trim() === preview.value.confirmation', replace: "typed.value !== ''" },
  { says: 'the window selects no range that nobody began', file: 'src/renderer/features/fleet/ClientsPane.vue', project: 'integration', tests: 'test/web/fleet.test.ts', named: 'keys act on the client that they were on', find: 'if (isRange && from >= 0) range(from, to)', replace: 'if (isRange) range(Math.max(0, from), to)' },
  { says: 'the window selects the client that the keys are on', file: 'src/renderer/features/fleet/ClientsPane.vue', project: 'integration', tests: 'test/web/fleet.test.ts', named: 'keys act on the client that they were on', find: 'const active = computed(() => placeOf(activeId.value))', replace: 'const active = computed(() => Math.min(1, placeOf(activeId.value)))' },
  { says: 'the window sends nothing where nobody is ready', ...page, named: 'one restart', find: "count('ready') > 0 &&", replace: "count('ready') >= 0 &&" },
  { says: 'settings that are kept next keep an account', file: 'src/main/composition/fleetKeeper.ts', project: 'integration', tests: 'test/integration/fleet/fleetDesk.test.ts', named: 'an account that was made', find: "      // Whoever keeps settings next must know of it, or would take it away.\n      changes.ring()", replace: '' },
  { says: 'nobody speaks for another', file: 'src/shared/fleet/topics.ts', ...brokers, named: '', find: "return found.clientUuid === role.clientUuid && found.kind !== 'command'", replace: "return found.kind !== 'command'" },
  { says: 'nobody comes in with a wrong password', file: 'src/main/drivers/mqtt/embeddedBroker.ts', ...brokers, named: '', find: "account.password !== '' && isRight ?", replace: "account.password !== '' ?" },
  { says: 'a message that is too large is not gathered', file: 'src/main/drivers/mqtt/embeddedBroker.ts', ...brokers, named: 'a message that is too large', find: 'if (gate.admit(chunk)) {', replace: 'if (gate.admit(chunk) || chunk.length > 0) {' },
  { says: 'what was not kept is not acknowledged', file: 'src/main/drivers/mqtt/gatherMessages.ts', ...brokers, named: '', find: '      client.end(true)\n      return\n', replace: '' },
  { says: 'a command of the demo is handed over by no other broker', ...guests, named: 'where no broker was chosen', find: "forGuests ? { via: 'demo' }", replace: "forGuests ? { via: 'embedded' }" },
  { says: 'a broker that nobody chose goes with the demo', ...guests, named: 'where no broker was chosen', find: 'if (isBorrowed) await shut()', replace: 'if (isBorrowed && isClosed) await shut()' },
  { says: 'no simulated screen goes to a broker elsewhere', ...guests, named: 'to a broker elsewhere', find: "if (settings.enabled && settings.broker === 'external') throw", replace: "if (settings.enabled && settings.broker === 'external' && isClosed) throw" },
]
