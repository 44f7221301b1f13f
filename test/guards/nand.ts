import type { Guard } from './guard.ts'

const restore = 'src/main/core/workflows/restore'
const kinds = 'test/integration/restoreFlashKind.test.ts'
const kind = `${restore}/flashKind.test.ts`

/** What keeps an image away from the wrong kind of flash, and a NAND's contents in their places. */
export const nandGuards: readonly Guard[] = [
  { says: 'an assumed NOR is refused beside a NAND', project: 'integration', tests: kinds, named: 'an assumed NOR is refused', file: `${restore}/flashFound.ts`,
    find: 'if (planned.isAssumed) await refuseSecond(', replace: "if (planned.reason === '') await refuseSecond(" },
  { says: 'an absent flash is told by the one that is there', project: 'integration', tests: kinds, named: 'a plan for NOR on a camera without one', file: `${restore}/flashFound.ts`,
    find: 'throw await explainAbsence(', replace: 'throw error; await explainAbsence(' },
  { says: 'an empty answer proves no flash', project: 'integration', tests: kinds, named: 'an empty answer of', file: `${restore}/flashFound.ts`,
    find: 'return nand && `a NAND with blocks of ${nand.blockBytes / 1024} KiB`', replace: "return `a NAND${nand ? '' : ''}`" },
  { says: 'an image for another kind of flash is refused in the plan', project: 'unit', tests: kind, named: 'an image for one kind of flash is refused', file: `${restore}/flashKind.ts`,
    find: "if (other && wanted !== 'auto') {", replace: "if (other && wanted === 'auto' && first === undefined) {" },
  { says: 'an input that contradicts itself is refused', project: 'unit', tests: kind, named: 'contradicts itself', file: `${restore}/flashKind.ts`,
    find: 'if (other && first) {', replace: 'if (other && !first) {' },
]
