import type { Guard } from './guard.ts'

const core = { file: 'src/main/core/rack/findPorts.ts', project: 'integration', tests: 'test/integration/findPorts.test.ts' } as const
const ports = { ...core, file: 'src/main/drivers/power/routerOsPorts.ts' } as const

/** Cutting ports that nobody has written down. */
export const findPortsGuards: readonly Guard[] = [
  { says: 'a port that leads to other devices is not cut to find a camera', ...ports, named: 'ports that nobody', find: 'if (count > 1) return', replace: 'if (count > 99) return' },
  { says: 'a port on which a switch announces itself is not cut', ...ports, named: 'ports that nobody', find: 'if (neighbours.has(port)) return', replace: "if (neighbours.has('')) return" },
  { says: 'a port without a load is not cut', ...ports, named: 'ports that nobody', find: 'if (isDrawing === false) return', replace: "if (port === '') return" },
  { says: 'a port that is written down is not cut as a free one', ...core, named: 'ports that nobody', find: 'if (owner) return', replace: "if (owner?.spec.cameraName === '') return" },
  { says: 'a port that is not to be cut is not, whoever names it', ...core, named: 'ports that nobody', find: 'if (!now || now.why !== undefined) {', replace: 'if (!now) {' },
  { says: 'a camera whose power nobody knows keeps its switch on while a job has it', ...core, named: 'a locked camera', find: 'busy.find(({ entry }) => mayHangOn(unit, entry))', replace: 'busy.find(() => busy.length > 99)' },
  { says: 'no job begins under a search', ...core, named: 'a locked camera', find: 'of resourcesOf(mayBeDark(unit, deps))) held.push(', replace: 'of resourcesOf(mayBeDark(unit, deps).slice(99))) held.push(' },
  { says: 'two cameras on one line do not stop a search by its own lease', ...core, file: 'src/main/core/rack/identifyPower.ts', named: 'two cameras that turn out', find: '[...new Set(entries.map(({ devices }) => devices.resource))]', replace: 'entries.map(({ devices }) => devices.resource)' },
  { says: 'many ports are cut by their typed number only', ...core, named: 'a locked camera', find: 'if (wish.ports.length > manyUnconfirmed &&', replace: 'if (wish.ports.length > 9 * manyUnconfirmed &&' },
  { says: 'what the quota deleted is written down afterwards', file: 'src/main/composition/captureDesk.ts', project: 'integration', tests: 'test/integration/captures/captureStore.test.ts', named: 'what the quota deleted', find: 'audit.outcome(begun, { outcome: problem === undefined ?', replace: 'audit.outcome(begun, { outcome: problem !== begun ?' },
  { says: 'who switches a camera is written down before it is changed', file: 'src/main/composition/rackSetup.ts', project: core.project, tests: core.tests, named: 'ports that nobody', find: 'await auditPowerChanges(deps.audit, [{', replace: "await auditPowerChanges({ append: (note) => ({ ...note, details: {}, seq: 0, atMs: 0, who: { host: '', user: '' }, prev: '', hash: '' }), outcome: () => undefined }, [{" },
  { says: 'not all jobs begin at once', file: 'src/main/core/jobs/jobTurns.ts', project: 'integration', tests: 'test/integration/jobs/jobTurns.test.ts', named: 'no more than so many', find: 'if (running >= inAll) return Infinity', replace: '' },
  { says: 'jobs on one supply begin one after the other', file: 'src/main/core/jobs/jobTurns.ts', project: 'integration', tests: 'test/integration/jobs/jobTurns.test.ts', named: 'on one supply', find: '?? -Infinity) + staggerMs', replace: '?? -Infinity) + 0 * staggerMs' },
  { says: 'a job that was cancelled in the queue does not run', file: 'src/main/core/jobs/jobTurns.ts', project: 'integration', tests: 'test/integration/jobs/jobTurns.test.ts', named: 'one that is cancelled', find: "signal.addEventListener('abort', leave, { once: true })", replace: '' },
  { says: 'a job of another program is told with its phase', file: 'src/main/core/rack/actOnPower.ts', project: 'integration', tests: 'test/integration/power/powerGate.test.ts', named: 'the job of another program', find: 'named === undefined ? undefined : findJob', replace: 'named !== undefined ? undefined : findJob' },
  { says: 'a MAC address is known still when its environment was written over', file: 'src/main/core/rack/identity.ts', project: 'unit', tests: 'src/main/core/rack/identity.test.ts', named: 'the address is known still', find: "if (environment?.state === 'proved') known.mac =", replace: "if (environment?.state !== 'proved') delete known.mac\n    else known.mac =" },
  { says: 'a console offers no address of its own making', file: 'src/main/core/consoles/addressSeen.ts', project: 'unit', tests: 'src/main/core/consoles/addressSeen.test.ts', named: 'other addresses', find: 'if (first === 0 || first === 127', replace: 'if (first === 0 || first === 128' },
]
