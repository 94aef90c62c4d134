/*
** suggest.h - how far apart two names are, for "did you mean"
*/
#ifndef NN_BIND_SUGGEST_H
#define NN_BIND_SUGGEST_H

#define NNB_SUGGEST_WITHIN 2 /* a name further away than this is no suggestion */

/* Damerau-Levenshtein distance (restricted: adjacent transpositions) of two short names; names
** beyond 63 characters count as far apart. */
int nnb_edit_distance(const char *a, const char *b);

#endif
