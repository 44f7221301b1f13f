import type { UserFacts } from './userFolders.ts'

/** Where compiled modules of ours lie, so that a start need not compile them again. Nobody misses what is deleted there. */
export declare function compiledFolderOf(facts: UserFacts): string
