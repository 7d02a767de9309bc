/* A fax machine behind an adapter: T.30 by spandsp, sound by RTP, and as much SIP as one call needs.
 *
 *   fax make FILE PAGES                        writes the pages that are sent
 *   fax same FILE FILE                         whether both hold the same dots
 *   fax call LOCAL HOUSE NUMBER FILE CODEC LOSS     sends FILE
 *   fax answer LOCAL FILE CODEC LOSS                receives into FILE
 *
 * LOCAL and HOUSE are address:port; media is at the next port but one. CODEC is what it begins with, pcmu or
 * opus; asked for G.711 by a re-INVITE, it changes. Of a million packets of its own LOSS are not sent, once
 * it has trained: spandsp gives a call up in which its first training is hit.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <opus/opus.h>
#include <spandsp.h>
#include <tiffio.h>

enum { WIDTH = 1728, HEIGHT = 1100, FRAME = 160, ROW = WIDTH / 8, SILENT_MAX = 500, UNTIL_TRAINED = 18 * 50 };
enum { PCMU = 0, PCMA = 8, OPUS = 111, LAW = -1 };

/* ---- pages ---- */

static uint32_t lot(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static int make(const char *file, int pages)
{
    TIFF *tiff = TIFFOpen(file, "w");
    uint32_t state = 1;
    for (int page = 0; tiff && page < pages; page++) {
        TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
        TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, HEIGHT);
        TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 1);
        TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITT_T6);
        TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
        TIFFSetField(tiff, TIFFTAG_FILLORDER, FILLORDER_LSB2MSB);
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, HEIGHT);
        TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 204.0);
        TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 98.0);
        TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
        TIFFSetField(tiff, TIFFTAG_PAGENUMBER, page, pages);
        uint8_t row[ROW] = {0};
        for (int y = 0; y < HEIGHT; y++) {
            /* Lines of words, with white between them; no two pages alike. */
            if (y % 24 == 0)
                memset(row, 0, ROW);
            else if (y % 24 < 14 && y % 2 == 1)
                for (int x = 12; x < ROW - 12; x++)
                    row[x] = lot(&state) % 40 < 2 ? (uint8_t)(lot(&state) & 0x7e) : 0;
            else if (y % 24 >= 14)
                memset(row, 0, ROW);
            TIFFWriteScanline(tiff, row, y, 0);
        }
        TIFFWriteDirectory(tiff);
    }
    if (!tiff)
        return 1;
    TIFFClose(tiff);
    return 0;
}

static int same(const char *one, const char *other)
{
    TIFF *left = TIFFOpen(one, "r"), *right = TIFFOpen(other, "r");
    int pages = 0, more = left && right;
    if (!more)
        return 1;
    for (; more; pages++) {
        uint32_t rows[2] = {0, 0};
        TIFFGetField(left, TIFFTAG_IMAGELENGTH, &rows[0]);
        TIFFGetField(right, TIFFTAG_IMAGELENGTH, &rows[1]);
        if (rows[0] != rows[1] || TIFFScanlineSize(left) != ROW || TIFFScanlineSize(right) != ROW) {
            printf("page %d has %u rows, and %u came\n", pages + 1, rows[0], rows[1]);
            return 1;
        }
        for (uint32_t y = 0; y < rows[0]; y++) {
            uint8_t a[ROW], b[ROW];
            TIFFReadScanline(left, a, y, 0);
            TIFFReadScanline(right, b, y, 0);
            if (memcmp(a, b, ROW)) {
                printf("page %d differs in row %u\n", pages + 1, y);
                return 1;
            }
        }
        more = TIFFReadDirectory(left);
        if (more != TIFFReadDirectory(right)) {
            printf("more pages than %d on one side alone\n", pages + 1);
            return 1;
        }
    }
    printf("%d pages, dot by dot\n", pages);
    return 0;
}

/* ---- SIP ---- */

static struct {
    int sip, rtp, codec, is_up, is_over, invited, silent, version;
    struct sockaddr_in local, house, media;
    char call[64], from[256], to[512], target[256], via[2048];
} leg;

static struct sockaddr_in place(const char *text)
{
    char host[64];
    struct sockaddr_in at = {.sin_family = AF_INET};
    const char *colon = strrchr(text, ':');
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    inet_pton(AF_INET, host, &at.sin_addr);
    at.sin_port = htons(atoi(colon + 1));
    return at;
}

static int opened(struct sockaddr_in at)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at)) {
        perror("bind");
        exit(1);
    }
    return fd;
}

static const char *host_of(struct sockaddr_in at)
{
    static char text[64];
    char host[32];
    inet_ntop(AF_INET, &at.sin_addr, host, sizeof host);
    snprintf(text, sizeof text, "%s:%d", host, ntohs(at.sin_port));
    return text;
}

/* The lines of a header, one after the other, as they came. */
static void lines_of(const char *message, const char *name, char *out, size_t size)
{
    size_t length = strlen(name), used = 0;
    out[0] = 0;
    for (const char *at = message; (at = strstr(at, "\r\n")) && strncmp(at, "\r\n\r\n", 4);) {
        at += 2;
        if (strncasecmp(at, name, length) == 0 && at[length] == ':') {
            int line = (int)strcspn(at, "\r");
            used += snprintf(out + used, size - used, "%.*s\r\n", line, at);
        }
    }
}

static void value_of(const char *message, const char *name, char *out, size_t size)
{
    char lines[2048];
    lines_of(message, name, lines, sizeof lines);
    const char *value = lines + (lines[0] ? strlen(name) + 1 : 0);
    value += strspn(value, " ");
    snprintf(out, size, "%.*s", (int)strcspn(value, "\r"), value);
}

static void description(char *out, size_t size)
{
    char host[32];
    inet_ntop(AF_INET, &leg.local.sin_addr, host, sizeof host);
    const char *format = leg.codec == OPUS   ? "111\r\na=rtpmap:111 opus/48000/2"
                         : leg.codec == PCMA ? "8\r\na=rtpmap:8 PCMA/8000"
                                             : "0\r\na=rtpmap:0 PCMU/8000";
    snprintf(out, size, "v=0\r\no=fax 1 %d IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\n",
             ++leg.version, host, host, ntohs(leg.local.sin_port) + 2, format);
}

static void send_sip(const char *text)
{
    sendto(leg.sip, text, strlen(text), 0, (struct sockaddr *)&leg.house, sizeof leg.house);
}

static void request(const char *method, int cseq, const char *body)
{
    char text[4096];
    snprintf(text, sizeof text,
             "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%d\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\n"
             "Call-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:fax@%s>\r\n%sContent-Length: %zu\r\n\r\n%s",
             method, leg.target, host_of(leg.local), method, cseq, leg.from, leg.to, leg.call, cseq, method,
             host_of(leg.local), *body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
    send_sip(text);
}

static void answer(const char *message, const char *status, const char *body)
{
    char text[8192], via[2048], record[2048], from[512], to[512], call[256], cseq[128];
    lines_of(message, "Via", via, sizeof via);
    lines_of(message, "Record-Route", record, sizeof record);
    value_of(message, "From", from, sizeof from);
    value_of(message, "To", to, sizeof to);
    value_of(message, "Call-ID", call, sizeof call);
    value_of(message, "CSeq", cseq, sizeof cseq);
    snprintf(text, sizeof text,
             "SIP/2.0 %s\r\n%s%sFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:fax@%s>\r\n"
             "%sContent-Length: %zu\r\n\r\n%s",
             status, via, record, from, to, strstr(to, "tag=") ? "" : ";tag=fax", call, cseq, host_of(leg.local),
             *body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
    send_sip(text);
}

/* Where the far end listens, and the first codec that it names of those that may be. */
static int takes(const char *message, int codec)
{
    const char *body = strstr(message, "\r\n\r\n"), *media, *connection;
    char host[64], formats[256];
    int port;
    if (!body || !(media = strstr(body, "m=audio ")) || !(connection = strstr(body, "c=IN IP4 ")))
        return 0;
    if (sscanf(media, "m=audio %d RTP/AVP %255[^\r]", &port, formats) != 2)
        return 0;
    sscanf(connection, "c=IN IP4 %63[^\r]", host);
    for (char *format = strtok(formats, " "); format; format = strtok(NULL, " ")) {
        int type = atoi(format);
        if (type == codec || (codec == LAW && (type == PCMU || type == PCMA))) {
            leg.codec = type;
            leg.media = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
            inet_pton(AF_INET, host, &leg.media.sin_addr);
            return 1;
        }
    }
    return 0;
}

static void take_target(const char *message)
{
    char contact[512];
    value_of(message, "Contact", contact, sizeof contact);
    const char *begin = strchr(contact, '<');
    if (begin)
        snprintf(leg.target, sizeof leg.target, "%.*s", (int)strcspn(begin + 1, ">"), begin + 1);
}

static void take_invite(const char *message)
{
    char to[512], body[1024];
    value_of(message, "To", to, sizeof to);
    int is_first = !strstr(to, "tag=");
    if (!takes(message, is_first ? leg.codec : LAW))
        return answer(message, "488 Not Acceptable Here", "");
    printf("%s with payload type %d%s\n", is_first ? "answered" : "changed", leg.codec,
           strstr(message, "silenceSupp:off") ? ", silence off" : "");
    description(body, sizeof body);
    answer(message, "200 OK", body);
    if (is_first) {
        value_of(message, "From", leg.to, sizeof leg.to);
        snprintf(leg.from, sizeof leg.from, "%.200s;tag=fax", to);
        value_of(message, "Call-ID", leg.call, sizeof leg.call);
    }
    take_target(message);
    leg.is_up = 1;
}

static void hear_sip(void)
{
    char message[65536];
    socklen_t size = sizeof leg.house;
    struct sockaddr_in from;
    ssize_t length = recvfrom(leg.sip, message, sizeof message - 1, 0, (struct sockaddr *)&from, &size);
    if (length <= 0)
        return;
    message[length] = 0;
    leg.house = from;
    if (strncmp(message, "INVITE ", 7) == 0)
        return take_invite(message);
    if (strncmp(message, "BYE ", 4) == 0) {
        answer(message, "200 OK", "");
        leg.is_over = 1;
    } else if (strncmp(message, "SIP/2.0 ", 8) != 0) {
        if (strncmp(message, "ACK ", 4) != 0)
            answer(message, "200 OK", "");
    } else if (leg.invited && strstr(message, "INVITE\r\n")) {
        int status = atoi(message + 8);
        if (status >= 300) {
            printf("refused with %d\n", status);
            leg.is_over = 1;
        } else if (status >= 200) {
            value_of(message, "To", leg.to, sizeof leg.to);
            take_target(message);
            if (!leg.is_up)
                takes(message, leg.codec);
            leg.is_up = 1;
        }
        if (status >= 200)
            request("ACK", leg.invited, "");
    }
}

/* ---- the call ---- */

static int is_done, result;

static void ends(t30_state_t *t30, void *user, int code)
{
    (void)t30, (void)user;
    result = code;
    is_done = 1;
}

static void speak(fax_state_t *fax, OpusEncoder *opus, unsigned loss)
{
    static uint16_t number;
    static uint32_t time, frames, state = 77;
    int16_t samples[FRAME] = {0};
    uint8_t packet[12 + 400] = {0x80};
    int length = FRAME;
    fax_tx(fax, samples, FRAME);
    packet[1] = (uint8_t)leg.codec;
    *(uint16_t *)(packet + 2) = htons(number++);
    *(uint32_t *)(packet + 4) = htonl(time);
    packet[11] = 7;
    time += leg.codec == OPUS ? 6 * FRAME : FRAME;
    frames++;
    if (leg.codec == OPUS)
        length = opus_encode(opus, samples, FRAME, packet + 12, 400);
    else
        for (int at = 0; at < FRAME; at++)
            packet[12 + at] = leg.codec == PCMU ? linear_to_ulaw(samples[at]) : linear_to_alaw(samples[at]);
    uint32_t chance = (lot(&state) << 16 | lot(&state)) % 1000000;
    if (chance >= loss || frames < UNTIL_TRAINED)
        sendto(leg.rtp, packet, 12 + length, 0, (struct sockaddr *)&leg.media, sizeof leg.media);
}

static void listen_to(fax_state_t *fax, OpusDecoder *opus)
{
    static int next = -1;
    leg.silent = 0;
    uint8_t packet[2048];
    ssize_t length = recv(leg.rtp, packet, sizeof packet, 0);
    int number = packet[2] << 8 | packet[3], type = packet[1] & 0x7f;
    if (length < 12 || (type != PCMU && type != PCMA && type != OPUS))
        return;
    int missing = next < 0 ? 0 : (uint16_t)(number - next);
    if (missing > 0 && missing < 50)
        fax_rx_fillin(fax, missing * FRAME);
    next = (uint16_t)(number + 1);
    int16_t samples[2048];
    int count = (int)length - 12;
    if (type == OPUS)
        count = opus_decode(opus, packet + 12, count, samples, 960, 0);
    else
        for (int at = 0; at < count; at++)
            samples[at] = type == PCMU ? ulaw_to_linear(packet[12 + at]) : alaw_to_linear(packet[12 + at]);
    fax_rx(fax, samples, count);
}

static int talk(int calls, const char *file, unsigned loss)
{
    fax_state_t *fax = fax_init(NULL, calls);
    t30_state_t *t30 = fax_get_t30_state(fax);
    OpusEncoder *mouth = opus_encoder_create(8000, 1, OPUS_APPLICATION_VOIP, NULL);
    OpusDecoder *ear = opus_decoder_create(8000, 1, NULL);
    if (getenv("FAX_LOG")) {
        logging_state_t *log = t30_get_logging_state(t30);
        span_log_set_level(log, SPAN_LOG_SHOW_SEVERITY | SPAN_LOG_SHOW_PROTOCOL | SPAN_LOG_FLOW);
    }
    fax_set_transmit_on_idle(fax, 1);
    t30_set_ecm_capability(t30, 1);
    t30_set_supported_compressions(
        t30, T30_SUPPORT_T4_1D_COMPRESSION | T30_SUPPORT_T4_2D_COMPRESSION | T30_SUPPORT_T6_COMPRESSION);
    t30_set_phase_e_handler(t30, ends, NULL);
    calls ? t30_set_tx_file(t30, file, -1, -1) : t30_set_rx_file(t30, file, -1);
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    /* Who called hangs up. */
    for (int after = 0; !leg.is_over && after < (calls ? 50 : 500) && leg.silent < SILENT_MAX;) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        long left = (next.tv_sec - now.tv_sec) * 1000 + (next.tv_nsec - now.tv_nsec) / 1000000;
        struct pollfd ready[2] = {{leg.sip, POLLIN, 0}, {leg.rtp, POLLIN, 0}};
        if (left > 0 && poll(ready, 2, (int)left) > 0) {
            if (ready[0].revents)
                hear_sip();
            if (ready[1].revents)
                listen_to(fax, ear);
            continue;
        }
        next.tv_nsec += 20000000;
        if (next.tv_nsec >= 1000000000)
            next.tv_sec++, next.tv_nsec -= 1000000000;
        if (leg.is_up)
            speak(fax, mouth, loss);
        leg.silent++;
        after += is_done;
    }
    t30_stats_t stats;
    t30_get_transfer_statistics(t30, &stats);
    printf("%s: %d pages, %d bit/s, %s, %d repeated; payload type %d\n", t30_completion_code_to_str(result),
           calls ? stats.pages_tx : stats.pages_rx, stats.bit_rate,
           stats.error_correcting_mode ? "corrected" : "uncorrected", stats.error_correcting_mode_retries, leg.codec);
    if (!leg.is_over)
        request("BYE", leg.invited + 1, "");
    fax_release(fax);
    return is_done && result == 0 ? 0 : 1;
}

static void begin(const char *local, const char *codec)
{
    leg.local = place(local);
    struct sockaddr_in media = leg.local;
    media.sin_port = htons(ntohs(leg.local.sin_port) + 2);
    leg.sip = opened(leg.local);
    leg.rtp = opened(media);
    leg.codec = strcmp(codec, "opus") == 0 ? OPUS : PCMU;
}

int main(int count, char **words)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    const char *verb = count > 1 ? words[1] : "";
    if (strcmp(verb, "make") == 0 && count == 4)
        return make(words[2], atoi(words[3]));
    if (strcmp(verb, "same") == 0 && count == 4)
        return same(words[2], words[3]);
    if (strcmp(verb, "answer") == 0 && count == 6) {
        begin(words[2], words[4]);
        printf("ready\n");
        while (!leg.is_up)
            hear_sip();
        return talk(0, words[3], (unsigned)atoi(words[5]));
    }
    if (strcmp(verb, "call") == 0 && count == 8) {
        char body[1024];
        begin(words[2], words[6]);
        leg.house = place(words[3]);
        snprintf(leg.call, sizeof leg.call, "fax-%d", getpid());
        snprintf(leg.from, sizeof leg.from, "<sip:+12065550142@%s>;tag=caller", host_of(leg.local));
        snprintf(leg.target, sizeof leg.target, "sip:%s@%s", words[4], words[3]);
        snprintf(leg.to, sizeof leg.to, "<%s>", leg.target);
        description(body, sizeof body);
        request("INVITE", leg.invited = 1, body);
        while (!leg.is_up && !leg.is_over)
            hear_sip();
        return leg.is_over ? 1 : talk(1, words[5], (unsigned)atoi(words[7]));
    }
    fprintf(stderr, "see the beginning of fax.c\n");
    return 2;
}
