import type { Guard } from './guard.ts'

const rack = 'src/main/core/rack'
const yaml = 'test/integration/rackYaml.test.ts'
const identify = 'test/integration/identifyPower.test.ts'
const identity = 'test/integration/identity.test.ts'
const tests = 'test/integration/inventory.test.ts'

export const inventoryGuards: readonly Guard[] = [
  { says: 'no job takes a camera in maintenance', file: 'src/main/composition/cameraUse.ts', project: 'integration', tests, named: 'no job takes the camera',
    find: 'return refusal ? {', replace: 'return refusal && plan.refusals.length > 99 ? {' },
  { says: 'a command on the line of a camera in maintenance is refused', file: 'src/main/hosts/cli/localWorkbench.ts', project: 'integration', tests, named: 'a command on the same line',
    find: 'lineName, known).cameraId', replace: 'lineName).cameraId' },
  { says: 'a kept password goes to no host of a file', file: `${rack}/rackImport.ts`, project: 'integration', tests: yaml, named: 'a kept password goes to no other host',
    find: 'if (before && sameText(before, power)) return was.power', replace: "if (before && 'passwordRef' in (was?.power ?? {})) return { ...power, ...was?.power, host: 'host' in power ? power.host : '' } as never" },
  { says: 'a file names no command of this computer', file: `${rack}/rackImport.ts`, project: 'integration', tests: yaml, named: 'name a command',
    find: "if (given['kind'] === 'command') {", replace: "if (given['kind'] === '') {" },
  { says: 'an exported rack holds no command', file: `${rack}/rackDocument.ts`, project: 'integration', tests: yaml, named: 'never holds a password',
    find: "if (power.kind === 'command') return undefined", replace: '' },
  { says: 'an exported rack holds no reference to a password', file: `${rack}/rackDocument.ts`, project: 'integration', tests: yaml, named: 'never holds a password',
    find: "if (!('passwordRef' in power)) return power", replace: 'if (power) return power' },
  { says: 'a wrong entry keeps a whole import out', file: `${rack}/rackImport.ts`, project: 'integration', tests: yaml, named: 'one wrong entry',
    find: 'pods: problems.length > 0 ? pods : after', replace: 'pods: after' },
  { says: 'anchors and aliases are not followed', file: 'src/main/drivers/files/yamlText.ts', project: 'integration', tests: yaml, named: 'a billion laughs',
    find: 'if (node.anchor !== undefined) throw', replace: "if (node.anchor === '') throw" },
  { says: 'an import is the one that was looked at', file: 'src/main/composition/inventoryDesk.ts', project: 'integration', tests, named: 'the window takes up',
    find: 'if (planned.view.hash !== wish.hash) throw', replace: "if (wish.hash === '') throw" },
  { says: 'another camera than the known one is not written to', file: `${rack}/identity.ts`, project: 'integration', tests: identity, named: 'a swapped camera',
    find: 'if (isDestructive) throw error', replace: 'void isDestructive' },
  { says: 'a plan for another camera than the known one cannot be started', file: 'src/main/composition/cameraUse.ts', project: 'integration', tests: identity, named: 'a swapped camera',
    find: 'if (differences.length === 0) return plan', replace: 'if (differences.length < 99) return plan' },
  { says: 'what was accepted once is not accepted again by a resume', file: 'src/main/composition/resumeJob.ts', project: 'integration', tests: identity, named: 'a resume accepts nobody',
    find: "return desk.start({ ...job.plan.request, acceptIdentity: undefined }", replace: 'return desk.start(job.plan.request' },
  { says: 'an address that every camera has tells none of them', file: `${rack}/identity.ts`, project: 'unit', tests: 'src/main/core/rack/identity.test.ts', named: 'only what tells cameras apart',
    find: "&& !nobodys.has(address) ? {", replace: '? {' },
  { says: 'a reading of another camera does not become the known one', file: `${rack}/identity.ts`, project: 'unit', tests: 'src/main/core/rack/identity.test.ts', named: 'another camera is found',
    find: "if (job.identity?.state === 'differs') {", replace: "if (job.identity?.state === 'differs' && job.id === '') {" },
  { says: 'the power of a camera that a job has is not cut to identify it', file: `${rack}/identifyPower.ts`, project: 'integration', tests: identify, named: 'six cameras',
    find: 'if (holder !== undefined && holder !== ownHolder) return', replace: "if (holder === '') return" },
  { says: 'a port on the switch of a locked camera is not cut', file: `${rack}/identifyPower.ts`, project: 'integration', tests: identify, named: 'a port on the switch',
    find: 'const locked = shared === undefined ?', replace: 'const locked = shared !== undefined ?' },
  { says: 'nothing is cut that was not agreed', file: `${rack}/identifyPower.ts`, project: 'integration', tests: identify, named: 'a camera that a job takes',
    find: 'const extra = agreed.find((id) => !ids.includes(id))', replace: "const extra = agreed.find((id) => id === '')" },
  { says: 'whether a port may be cut is asked again before each cut', file: `${rack}/identifyPower.ts`, project: 'integration', tests: identify, named: 'a camera that a job takes',
    find: 'const now = planIdentify(ids, deps)', replace: 'const now = first' },
  { says: 'an answer of two consoles is no match', file: `${rack}/identifyPower.ts`, project: 'integration', tests: identify, named: 'six cameras',
    find: 'only !== undefined && answered.length === 1 ?', replace: 'only !== undefined && answered.length > 1 ?' },
  { says: 'a name in an announcement does not lead in a circle', file: 'src/main/protocols/mdns/parser.ts', project: 'unit', tests: 'src/main/protocols/mdns/mdns.test.ts', named: 'a pointer ahead',
    find: 'if (to >= at || jumps > maxJumps) return undefined', replace: 'if (jumps > maxJumps) return undefined' },
  { says: 'a host of an announcement stays inside its address', file: `${rack}/discovery.ts`, project: 'unit', tests: 'src/main/core/rack/discovery.test.ts', named: 'names cannot write',
    find: 'if (port < 1 || host.length > 253 || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(host)) return undefined', replace: '' },
  { says: 'a change of the rack is made to what the file holds then', file: 'src/main/composition/rackStore.ts', project: 'integration', tests, named: 'many changes at once',
    find: 'const lease = await take(signal)', replace: 'const lease = { release: async () => undefined }\n      void take' },
]
