import type { Guard } from './guard.ts'

const rack = 'src/main/core/rack'
const yaml = 'test/integration/rackYaml.test.ts'
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
  { says: 'a change of the rack is made to what the file holds then', file: 'src/main/composition/rackStore.ts', project: 'integration', tests, named: 'many changes at once',
    find: 'const lease = await take(signal)', replace: 'const lease = { release: async () => undefined }\n      void take' },
]
