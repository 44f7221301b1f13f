import { compareBatches, summaryOfBatch } from '../core/batch/batchFigures.ts'

/** For hosts that hold the workbench itself: what a page asks for over the wire. */
export const batchFacts = { summary: summaryOfBatch, compare: compareBatches }
