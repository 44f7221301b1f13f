import type { Guard } from './guard.ts'

const install = 'src/main/core/workflows/install'
const tests = 'test/integration/install.test.ts'
const listing = 'src/main/protocols/uboot/environmentListing.test.ts'

export const installGuards: readonly Guard[] = [
  { says: 'a listing that lost a line is worthless', file: 'src/main/protocols/uboot/environmentListing.ts', project: 'unit', tests: listing, named: 'a lost line',
    find: 'if (countedBytes !== usedBytes && countedBytes + 1 !== usedBytes) return undefined', replace: '' },
  { says: 'one reading of the environment is none', file: `${install}/environmentWork.ts`, project: 'integration', tests, named: 'a digit that became another',
    find: 'text !== undefined && seen.has(text)', replace: 'text !== undefined' },
  { says: 'what the transfer set does not stay', file: `${install}/installWorkflow.ts`, project: 'integration', tests, named: 'stays who it is',
    find: 'await settle(session, planned, signal)', replace: '' },
  { says: 'the environment is read before anything is set in it', file: `${install}/installWorkflow.ts`, project: 'integration', tests, named: 'NAND: the root',
    find: '{ ...plan, found: own, randomBytes', replace: '{ ...plan, found: (await readVariables(session, signal)).variables, randomBytes' },
  { says: 'a variable that booting needs has to be there', file: `${install}/environmentWork.ts`, project: 'integration', tests, named: "a vendor's environment",
    find: 'if (missing !== undefined) {', replace: "if (missing === '') {" },
  { says: 'the chip has to hold the layout', file: `${install}/installWorkflow.ts`, project: 'integration', tests, named: 'smaller than the layout',
    find: 'if (flashBytes < layout.flashBytes) {', replace: 'if (flashBytes < 0) {' },
  { says: 'a hostile environment is not run', file: `${install}/environmentWork.ts`, project: 'integration', tests, named: 'in the place of its partition command',
    find: 'if (table === undefined) {', replace: "if (table === '') {" },
  { says: 'what is installed is a U-Boot', file: `${install}/installPlan.ts`, project: 'integration', tests, named: 'the plan refuses a file that is no U-Boot',
    find: 'if (holdsNoUboot(facts.ubootContents))', replace: 'if (facts.uboot instanceof WorkbenchError)' },
  { says: 'what answers is the U-Boot that is installed', file: `${install}/installWorkflow.ts`, project: 'integration', tests, named: 'another U-Boot in the place',
    find: "if (bench.starter.method !== 'manual') await proveLoaded(session, bench.versions, plan.boot.uboot, signal)", replace: '' },
  { says: 'what starts the camera is the U-Boot that was installed', file: `${install}/installWorkflow.ts`, project: 'integration', tests, named: 'a camera that another U-Boot has started',
    find: "if (by.is === 'other') {", replace: "if (by.is === 'other' && versions.length === 0) {" },
  { says: 'done is no proof that the environment is saved', file: `${install}/environmentProof.ts`, project: 'integration', tests, named: 'saveenv-lies',
    find: 'return wrong ? elsewhere(', replace: 'return wrong && lengthBytes < 0 ? elsewhere(' },
  { says: 'the environment lies where the layout has it', file: `${install}/environmentProof.ts`, project: 'integration', tests, named: 'kept somewhere else',
    find: 'if (place === flashType) return', replace: 'if (place !== undefined) return' },
  { says: 'an installation without a proved environment is no success', file: 'src/main/core/jobs/jobEnding.ts', project: 'integration', tests: 'test/integration/jobs/jobBook.test.ts', named: 'an installation without',
    find: "job.workflow === 'install' && job.environment?.state !== 'proved'", replace: "job.workflow === 'install' && job.id === ''" },
  { says: 'a saved environment that was cut off is unknown', file: 'src/main/core/jobs/jobEnding.ts', project: 'integration', tests: 'test/integration/jobs/jobBook.test.ts', named: 'an installation without',
    find: "|| job.environment?.state === 'saving'", replace: '' },
  { says: 'the address that every camera has is not kept', file: `${install}/identity.ts`, project: 'integration', tests, named: 'compiled into U-Boot',
    find: 'usable !== undefined && usable !== compiledInMac', replace: 'usable !== undefined' },
  { says: 'a cancel waits until the environment is proved', file: `${install}/installWorkflow.ts`, project: 'integration', tests, named: 'a cancel while the environment',
    find: "name: 'save-environment', cancel: 'at-end'", replace: "name: 'save-environment', cancel: 'anytime'" },
]
