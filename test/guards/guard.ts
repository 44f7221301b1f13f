/** One safety check of the product: with it taken out, the named test must fail. A test that cannot fail proves nothing. */
export interface Guard {
  readonly says: string
  readonly file: string
  readonly find: string
  readonly replace: string
  readonly project: 'unit' | 'integration' | 'peers'
  readonly tests: string
  /** Only tests whose name matches. */
  readonly named: string
}
