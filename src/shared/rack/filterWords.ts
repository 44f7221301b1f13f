/** As they were typed, in small letters; a minus alone is nothing yet. */
export const filterWords = (filter: string): readonly string[] => filter.toLowerCase().split(/\s+/).filter((word) => word !== '' && word !== '-')

/** Every word must be there, whole or in part and in any order; one with a minus before it must not. `text` is in small letters. */
export const textMatches = (text: string, words: readonly string[]): boolean => words.every((word) => (word.startsWith('-') ? !text.includes(word.slice(1)) : text.includes(word)))
