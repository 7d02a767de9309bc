/* The other coder of G.729 (bcg729), as a filter: samples to frames, or frames to samples.
 *
 * Samples are 16 bits, the low byte first. A frame is its length in one byte, 0, 2 or 10, and so many bytes;
 * a length of 255 stands for one that was lost.
 *
 * cc -O2 -o peer peer.c -lbcg729; peer encode | encode-vad | decode */

#include <stdio.h>
#include <string.h>

#include <bcg729/decoder.h>
#include <bcg729/encoder.h>

enum { SAMPLES = 80, BYTES = 10, SILENCE = 2, LOST = 255 };

static int encode(int vad)
{
	bcg729EncoderChannelContextStruct *coder = initBcg729EncoderChannel(vad);
	int16_t samples[SAMPLES];
	uint8_t frame[BYTES];
	while (fread(samples, sizeof *samples, SAMPLES, stdin) == SAMPLES) {
		uint8_t length = 0;
		bcg729Encoder(coder, samples, frame, &length);
		if (fwrite(&length, 1, 1, stdout) != 1 || fwrite(frame, 1, length, stdout) != length)
			return 1;
	}
	closeBcg729EncoderChannel(coder);
	return 0;
}

static int decode(void)
{
	bcg729DecoderChannelContextStruct *coder = initBcg729DecoderChannel();
	int16_t samples[SAMPLES];
	uint8_t frame[BYTES] = {0};
	for (int length; (length = getchar()) != EOF;) {
		int is_lost = length == LOST;
		if (!is_lost && (length > BYTES || fread(frame, 1, length, stdin) != (size_t)length))
			return 1;
		/* Without a frame the silence that was described goes on. */
		bcg729Decoder(coder, is_lost || !length ? NULL : frame, is_lost ? 0 : length, is_lost, length <= SILENCE, 0,
			      samples);
		if (fwrite(samples, sizeof *samples, SAMPLES, stdout) != SAMPLES)
			return 1;
	}
	closeBcg729DecoderChannel(coder);
	return 0;
}

int main(int count, char **words)
{
	if (count == 2 && !strcmp(words[1], "encode"))
		return encode(0);
	if (count == 2 && !strcmp(words[1], "encode-vad"))
		return encode(1);
	if (count == 2 && !strcmp(words[1], "decode"))
		return decode();
	fputs("peer encode | encode-vad | decode\n", stderr);
	return 2;
}
